"""Say what is wrong with an implementation, by hypotheses that are tested on numbers."""

from symgrad.verification.diagnosis.diagnosing import diagnosed
from symgrad.verification.diagnosis.hypotheses import HYPOTHESES, UNEXPLAINED
from symgrad.verification.diagnosis.probes import PROBES

__all__ = ["HYPOTHESES", "PROBES", "UNEXPLAINED", "diagnosed"]
