"""Wrong answers to solutions/backpropagation/why_not_learning.ipynb, beyond slips."""

from tests.wrong_answers import Wrong

WRONG = [
    Wrong(
        "a_cause_of_its_own",
        "why_diagnose",
        """
        def diagnose(net):
            return "it is cursed"
        """,
        loses="why_diagnose_check",
        says=r"no\s+name of the table",
    ),
    Wrong(
        "guessed_from_the_learning_rate",
        "why_diagnose",
        """
        def diagnose(net):
            if net["eta"] < 0:
                return "sign"
            return "large step" if net["eta"] > 1 else "small step"
        """,
        loses="why_diagnose_check",
        says=r"(?s)the answer is “.+?”",
    ),
    Wrong(
        "mended_in_place",
        "why_mend",
        """
        def mend(net, cause):
            if cause == "inputs":
                net["x"] = (net["x"] - net["x"].mean(axis=0)) / net["x"].std(axis=0)
            net["eta"] = net["eta"] * (-1 if cause == "sign" else 1)
            return net
        """,
        loses="why_mend_check",
        says=r"Change one entry",
    ),
    Wrong(
        "other_data",
        "why_mend",
        """
        def mend(net, cause):
            return {**net, "x": np.eye(6)[net["y"]]}
        """,
        loses="why_mend_check",
        says=r"must stay the old one",
    ),
]
