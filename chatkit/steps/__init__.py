"""Small composition: functions as steps, and sequences `model | function` (spec S229)."""

from chatkit.steps.function import RunnableLambda, as_step, runnable
from chatkit.steps.sequence import RunnableSequence

__all__ = ["RunnableLambda", "RunnableSequence", "as_step", "runnable"]
