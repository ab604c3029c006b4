// What pages do beyond links and forms. All of them work without it.
"use strict";
document.addEventListener("submit", (event) => {
  const form = event.target;
  if (!form.matches("[data-jump]")) return;
  event.preventDefault();
  const name = form.elements.id.value.trim().replace(/ /g, "-");
  if (name) location.assign("/trial/" + encodeURIComponent(name));
});
document.addEventListener("click", (event) => {
  const link = event.target.closest("a.why");
  if (!link) return;
  event.preventDefault();
  for (const one of document.querySelectorAll(".hit, .why.chosen")) one.classList.remove("hit", "chosen");
  link.classList.add("chosen");
  let first = null;
  for (const span of link.dataset.spans.split(" ")) {
    const [name, range] = span.split(":");
    const [from, to] = range.split("-").map(Number);
    for (const piece of document.querySelectorAll(`.piece[id^="${name}-"]`)) {
      if (Number(piece.dataset.from) >= from && Number(piece.dataset.to) <= to) {
        piece.classList.add("hit");
        first = first || piece;
      }
    }
  }
  if (!first) return;
  const box = first.closest(".source");
  box.scrollTop += first.getBoundingClientRect().top - box.getBoundingClientRect().top - box.clientHeight / 3;
  if (box.getBoundingClientRect().bottom < 0 || box.getBoundingClientRect().top > innerHeight) box.scrollIntoView({ block: "nearest" });
  const said = document.getElementById("chosen");
  if (said) said.textContent = "Behind it: “" + link.title.slice(0, 300) + "”";
});
