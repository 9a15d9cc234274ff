// In a chapter's page: a folded "Try it" fetches one step of an exercise when it is opened
// and makes it live there. What is written and its verdict are those of the exercise.

async function open(fold) {
  const [exercise, cell] = fold.dataset.step.split(" ");
  const body = fold.querySelector(".try-it-body");
  const address = new URL(fold.querySelector("a").href, location.href);
  const page = new DOMParser().parseFromString(await (await fetch(address)).text(), "text/html");
  const place = page.getElementById(`cell-${cell}`);
  const section = place?.closest("section");
  if (!section) return; // the link stays
  const task = document.createElement("div");
  for (const child of [...section.children]) {
    if (/^H[1-6]$/.test(child.tagName)) continue;
    task.append(document.importNode(child, true));
    if (child === place) break;
  }
  for (const link of task.querySelectorAll("a[href]")) link.href = new URL(link.getAttribute("href"), address).href;
  body.prepend(task);
  window.MathJax?.typesetPromise?.([task]);
  const { sheetOf } = await import("./page.mjs");
  (await sheetOf(exercise)).mount();
}

for (const fold of document.querySelectorAll("details.try-it")) {
  fold.addEventListener("toggle", () => open(fold).catch(() => {}), { once: true });
}
