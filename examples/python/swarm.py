"""Agents that share a task: a planner splits it, workers do the parts side by side, a writer puts them together."""

from __future__ import annotations

from kimistream import AgentEnd, AgentEvent, AgentStart, Budget, Kimi, ToolResult

FORECASTS = {"Rome": "31 degrees, thunder at noon", "Oslo": "22 degrees, sunny", "Cairo": "41 degrees, dust"}


def forecast(city: str) -> str:
    """Saturday's forecast for a city."""
    if city not in FORECASTS:
        raise LookupError(f"no forecast for {city}; there are: {', '.join(FORECASTS)}")
    return FORECASTS[city]


with Kimi() as client:
    swarm = client.swarm(
        f"Where should we have a picnic on Saturday: {', '.join(FORECASTS)}?",
        [forecast],
        max_agents=8,
        max_steps=40,
        workers=4,
        budget=Budget(tokens=100_000),
    )
    for event in swarm:
        match event:
            case AgentStart(agent, task):
                print(f"{agent:10} begins: {' '.join(task.split())}")
            case AgentEvent(agent, ToolResult(name=name, content=content)):
                print(f"{agent:10} {name}: {content}")
            case AgentEnd(agent, state):
                print(f"{agent:10} {state}")

    print(f"\n{swarm.message.text}\n")
    for each in swarm.agents:
        print(f"{each.name:10} {each.steps} steps, {each.usage.total_tokens if each.usage else 0} tokens")
