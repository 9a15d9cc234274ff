// Remembers in this browser which quiz questions were answered right, and shows it at
// the quiz and on the front page. Nothing leaves the browser. Where it may not store
// anything, nothing shows.
"use strict";

(function () {
  const PREFIX = "neuron-by-neuron:quiz:1:"; // the number: the format of what is stored

  function usable() {
    try {
      localStorage.setItem(`${PREFIX}test`, "");
      localStorage.removeItem(`${PREFIX}test`);
      return true;
    } catch {
      return false; // blocked by the reader, or full
    }
  }

  /** The keys of the questions of a quiz that were answered right. */
  function load(quiz) {
    try {
      const keys = JSON.parse(localStorage.getItem(PREFIX + quiz));
      return Array.isArray(keys) ? keys : [];
    } catch {
      return []; // somebody else's value
    }
  }

  function save(quiz, keys) {
    try {
      localStorage.setItem(PREFIX + quiz, JSON.stringify(keys));
    } catch {
      // full since the page was opened: the page itself still counts
    }
  }

  function clear() {
    for (const key of Object.keys(localStorage)) {
      if (key.startsWith(PREFIX)) localStorage.removeItem(key);
    }
  }

  function mark(question) {
    if (question.querySelector(".quiz-done")) return;
    const done = document.createElement("span");
    done.className = "quiz-done";
    done.innerHTML = '<span aria-hidden="true">✓ </span><span class="visually-hidden">answered right: </span>';
    question.querySelector(".quiz-number").after(done);
  }

  function followQuiz(quiz) {
    const name = quiz.dataset.quiz;
    const questions = [...quiz.querySelectorAll(".quiz-question")];
    const known = new Set(load(name));
    const done = new Set();
    const line = document.createElement("p");
    line.className = "quiz-progress";
    line.setAttribute("role", "status");
    const say = () => {
      line.textContent = done.size
        ? `${done.size} of ${questions.length} questions answered right. This is kept in your browser only.`
        : "";
    };
    for (const question of questions) {
      const key = question.dataset.key;
      if (known.has(key)) {
        done.add(key);
        mark(question);
      }
      question.addEventListener("quiz-answer", (event) => {
        if (!event.detail.correct || done.has(key)) return;
        done.add(key);
        mark(question);
        save(name, [...done]); // keys of questions that changed since are dropped
        say();
      });
    }
    say(); // before the line is in the page: only changes are announced
    quiz.append(line);
  }

  function showChapters() {
    let right = 0;
    let all = 0;
    for (const place of document.querySelectorAll(".chapter-progress")) {
      const questions = Number(place.dataset.questions);
      const count = Math.min(load(place.dataset.quiz).length, questions);
      place.textContent = `Quiz: ${count} of ${questions}${count === questions ? " ✓" : ""}`;
      place.hidden = count === 0;
      right += count;
      all += questions;
    }
    return [right, all];
  }

  function followCourse(course) {
    const line = course.querySelector("p");
    const show = () => {
      const [right, all] = showChapters();
      const text = `You have answered ${right} of ${all} quiz questions right. This is kept in your browser only.`;
      if (line.textContent !== text) line.textContent = text;
      course.hidden = right === 0;
    };
    show();
    line.setAttribute("role", "status"); // only now: only changes are announced
    addEventListener("pageshow", show); // the reader comes back to the page
    addEventListener("storage", show); // a quiz is open in another tab
    course.querySelector("button").addEventListener("click", () => {
      clear();
      showChapters();
      line.textContent = "Your progress is cleared.";
    });
  }

  if (!usable()) return;
  for (const quiz of document.querySelectorAll(".quiz")) followQuiz(quiz);
  const course = document.querySelector(".course-progress");
  if (course) followCourse(course);
})();
