"""Before anything is paid for: is the model there, what is left, how long is the prompt, are the rules kept."""

from __future__ import annotations

from kimistream import InvalidRequestError, Kimi, RateLimitError

QUESTION = "Which one is bigger, 9.11 or 9.9?"

client = Kimi()

model = client.models.check()  # NotFoundError names those that are near
balance = client.balance()
print(f"{model.id}: {model.context_length} tokens; {balance.available_balance} {balance.currency} left")
print(f"{int(client.count_tokens(QUESTION))} tokens of prompt")

try:
    client.complete(QUESTION, temperature=0.2, check="error")
except InvalidRequestError as refusal:  # nothing was sent
    print(f"refused: {refusal}")

try:
    answer = client.complete(QUESTION, temperature=0.2, check="fix")
    print(answer.text)
    for warning in answer.warnings:
        print(f"{warning.code}: {warning.message}")
except RateLimitError as error:
    print(f"{error.reason}: {'later' if error.retryable else 'not before the account is looked after'}")
