// Remembers in this browser which chapters were read to their quiz and which questions
// were answered right, and shows it at the quiz and on the front page. Nothing leaves
// the browser. Where it may not store anything, nothing shows.
"use strict";

(function () {
  // Several books may share a host: each keeps its own under its path. The number is the
  // format of what is stored.
  const BOOK = new URL(document.documentElement.dataset.content_root ?? ".", location.href).pathname;
  const PREFIX = `neuron-by-neuron:quiz:1:${BOOK}:`;
  const READ = `neuron-by-neuron:read:1:${BOOK}`; // the chapters of which the end was seen
  const WORK = `neuron-by-neuron:work:1:${BOOK}:`; // answers to exercises: live/store.mjs

  function usable() {
    try {
      localStorage.setItem(`${PREFIX}test`, "");
      localStorage.removeItem(`${PREFIX}test`);
      return true;
    } catch {
      return false; // blocked by the reader, or full
    }
  }

  /** A list that was stored: the questions of a quiz that were answered right. */
  function load(key) {
    try {
      const keys = JSON.parse(localStorage.getItem(key));
      return Array.isArray(keys) ? keys : [];
    } catch {
      return []; // somebody else's value
    }
  }

  function save(key, keys) {
    try {
      localStorage.setItem(key, JSON.stringify(keys));
    } catch {
      // full since the page was opened: the page itself still counts
    }
  }

  function clear() {
    for (const key of Object.keys(localStorage)) {
      if (key.startsWith(PREFIX) || key === READ) localStorage.removeItem(key);
    }
  }

  /** How many steps of a chapter's exercises were right when they were last checked. */
  function steps(chapter) {
    const keys = Object.keys(localStorage).filter((key) => key.startsWith(`${WORK}${chapter}/`));
    return keys.filter((key) => {
      try {
        return JSON.parse(localStorage.getItem(key)).verdict.right;
      } catch {
        return false; // no verdict yet
      }
    }).length;
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
    const known = new Set(load(PREFIX + name));
    const reached = new IntersectionObserver((entries) => {
      if (!entries.some((entry) => entry.isIntersecting)) return;
      save(READ, [...new Set([...load(READ), name])]);
      reached.disconnect();
    });
    reached.observe(questions.at(-1) ?? quiz);
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
        save(PREFIX + name, [...done]); // keys of questions that changed since are dropped
        say();
      });
    }
    say(); // before the line is in the page: only changes are announced
    quiz.append(line);
  }

  function showChapters() {
    const sum = { read: 0, chapters: 0, right: 0, questions: 0, steps: 0 };
    const seen = load(READ);
    for (const place of document.querySelectorAll(".chapter-progress")) {
      const questions = Number(place.dataset.questions);
      const count = Math.min(load(PREFIX + place.dataset.quiz).length, questions);
      const read = seen.includes(place.dataset.quiz);
      const done = steps(place.dataset.quiz);
      const quiz = `Quiz: ${count} of ${questions}${count === questions ? " ✓" : ""}`;
      const parts = [read && "Read ✓", count && quiz, done && `Steps right: ${done}`];
      place.textContent = parts.filter(Boolean).join(" · ");
      place.hidden = !place.textContent;
      sum.steps += done;
      sum.read += read;
      sum.chapters += 1;
      sum.right += count;
      sum.questions += questions;
    }
    return sum;
  }

  function followCourse(course) {
    const line = course.querySelector("p");
    const show = () => {
      const sum = showChapters();
      const text = `You have read ${sum.read} of ${sum.chapters} chapters and answered ${sum.right} of ${sum.questions} quiz questions right${sum.steps ? `; right steps of exercises: ${sum.steps}` : ""}. This is kept in your browser only.`;
      if (line.textContent !== text) line.textContent = text;
      course.hidden = !sum.read && !sum.right && !sum.steps;
    };
    show();
    line.setAttribute("role", "status"); // only now: only changes are announced
    addEventListener("pageshow", show); // the reader comes back to the page
    addEventListener("storage", show); // a quiz is open in another tab
    course.querySelector("button").addEventListener("click", () => {
      clear();
      const kept = showChapters().steps ? " Your answers to exercises stay." : "";
      line.textContent = `Your progress is cleared.${kept}`;
    });
  }

  if (!usable()) return;
  for (const quiz of document.querySelectorAll(".quiz")) followQuiz(quiz);
  const course = document.querySelector(".course-progress");
  if (course) followCourse(course);
})();
