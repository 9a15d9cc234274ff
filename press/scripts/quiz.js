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

  // 102,400 and 102 400 are whole numbers, 0,125 has a decimal comma, 1/8 is a fraction
  function number(text) {
    const plain = text.trim().replace(/[−–]/g, "-").replace(/[\s_]/g, "");
    const grouped = /^-?[1-9]\d{0,2}(,\d{3})+(\.\d+)?$/.test(plain);
    const parts = plain.replace(/,/g, grouped ? "" : ".").split("/");
    if (parts.length > 2 || parts.includes("")) return NaN;
    return parts.map(Number).reduce((a, b) => a / b);
  }

  function check(question, input) {
    const value = number(input.value);
    const invalid = !Number.isFinite(value);
    input.setAttribute("aria-invalid", String(invalid));
    if (invalid) {
      delete question.dataset.state;
      const feedback = question.querySelector(".quiz-feedback");
      for (const line of feedback.children) line.hidden = !line.matches(".quiz-help");
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
    const help = document.createElement("p");
    help.className = "quiz-help";
    help.textContent = "Please give a number, such as 0.125.";
    help.hidden = true;
    feedback.append(help);
    question.querySelector(".quiz-check").addEventListener("click", () =>
      check(question, input));
    input.addEventListener("keydown", (event) => {
      if (event.key !== "Enter") return;
      event.preventDefault();
      check(question, input);
    });
  }
})();
