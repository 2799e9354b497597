"""A question, a whole answer. The key comes from MOONSHOT_API_KEY."""

from kimistream import Kimi

client = Kimi()
answer = client.complete("Which one is bigger, 9.11 or 9.9?")

print(answer.text)
print(answer.usage)
