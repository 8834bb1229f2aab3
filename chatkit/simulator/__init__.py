"""A simulator of model providers: no key, no network, the real wire formats, faults on request.

    model = init_chat_model("simulator:parrot")            # in the same process
    with simulate(["Hello"]) as server: ... server.url     # a server on 127.0.0.1, for any client

It answers by rules, or what a `Script` says. See docs/simulator.md.
"""

from chatkit.simulator.answers.rules import rules
from chatkit.simulator.budget import Budget
from chatkit.simulator.environment import environment_of, simulated_environment
from chatkit.simulator.fault import Fault
from chatkit.simulator.model import SimulatedChatModel
from chatkit.simulator.question import Question
from chatkit.simulator.reply import Reply
from chatkit.simulator.response import Seen
from chatkit.simulator.script import Script
from chatkit.simulator.server import Server, simulate
from chatkit.simulator.simulator import Simulator

__all__ = [
    "Budget",
    "Fault",
    "Question",
    "Reply",
    "Script",
    "Seen",
    "Server",
    "SimulatedChatModel",
    "Simulator",
    "environment_of",
    "rules",
    "simulate",
    "simulated_environment",
]
