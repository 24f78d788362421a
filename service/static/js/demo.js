// Finds a customer of the sandbox by name or story.

const find = document.getElementById("find");
const people = [...document.querySelectorAll(".people li")];

find.addEventListener("input", () => {
  const words = find.value.toLowerCase().split(/\s+/).filter(Boolean);
  for (const one of people) one.hidden = !words.every((word) => one.dataset.words.includes(word));
  document.getElementById("none").hidden = people.some((one) => !one.hidden);
});
