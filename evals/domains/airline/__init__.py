"""The airline of tau-bench and tau2-bench as a policy pack."""
