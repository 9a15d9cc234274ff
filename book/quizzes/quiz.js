// Reacts to the answers of a quiz: shows the feedback to the answer that was given.
"use strict";

(function () {
  function show(question, index, correct) {
    const feedback = question.querySelector(".quiz-feedback");
    for (const line of feedback.children) {
      line.hidden = line.dataset.for !== String(index);
    }
    question.dataset.state = correct ? "right" : "wrong";
    question.dispatchEvent(new CustomEvent("quiz-answer", { detail: { correct } }));
  }

  function matches(rule, value) {
    if (rule.type === "value") return Math.abs(value - rule.value) < 1e-9;
    if (rule.type === "range") return value >= rule.range[0] && value <= rule.range[1];
    return true; // "default": any other number
  }

  function check(question, input) {
    const value = Number(input.value.trim().replace("−", "-").replace(",", "."));
    const empty = input.value.trim() === "" || Number.isNaN(value);
    input.setAttribute("aria-invalid", String(empty));
    if (empty) {
      delete question.dataset.state;
      for (const line of question.querySelector(".quiz-feedback").children) line.hidden = true;
      input.focus();
      return;
    }
    const rules = JSON.parse(input.dataset.rules);
    const index = rules.findIndex((rule) => matches(rule, value));
    show(question, index, index >= 0 && rules[index].correct);
  }

  for (const question of document.querySelectorAll(".quiz-question")) {
    const feedback = question.querySelector(".quiz-feedback");
    for (const line of feedback.children) line.hidden = true;
    for (const input of question.querySelectorAll("input[type=radio]")) {
      input.addEventListener("change", () =>
        show(question, input.value, input.dataset.correct === "true"));
    }
    const input = question.querySelector("input[type=text]");
    if (!input) continue;
    question.querySelector(".quiz-check").addEventListener("click", () =>
      check(question, input));
    input.addEventListener("keydown", (event) => {
      if (event.key !== "Enter") return;
      event.preventDefault();
      check(question, input);
    });
  }
})();
