// What became of an action while its page was open, in words: decided and by whom, or back with other facts.

const words = {
  approved: "approved",
  executing: "approved and is running",
  executed: "done",
  rejected: "rejected",
  expired: "closed because it waited too long",
  withdrawn: "withdrawn",
  replaced: "changed by a colleague",
  asked: "sent back to the customer to confirm",
};
const MOST = 4;

// null when the page still shows how things are. `shown` is what the server rendered, `first` the first look at it.
export function changesOf(shown, first, now, names) {
  const { entry } = now;
  if (entry.state !== shown.state) return decidedWords(now, names);
  if (seconds(entry.waiting_since) !== seconds(shown.since)) {
    const what = differences(first, now);
    return `It came back to the queue while you read it${what ? `: ${what}` : ""}.`;
  }
  return now.digest === shown.digest ? null : "This changed while you read it.";
}

function decidedWords(now, names) {
  const last = now.history.findLast((step) => names[step.by]);
  const by = last ? ` (${last.what}${names[last.by] ? ` by ${names[last.by]}` : ""})` : "";
  return `This was ${words[now.entry.state] ?? now.entry.state} while you read it${by}.`;
}

// Facts that read differently now, and rules that speak now and did not before.
function differences(first, now) {
  const before = new Map(first.facts.map((fact) => [fact.name, fact.value]));
  const facts = now.facts
    .filter((fact) => before.has(fact.name) && before.get(fact.name) !== fact.value)
    .map((fact) => `${fact.name} was ${before.get(fact.name)} and is ${fact.value}`);
  const spoke = new Set(first.fired.map((rule) => rule.rule));
  const rules = now.fired.filter((rule) => !spoke.has(rule.rule)).map((rule) => rule.sentence);
  return [...facts, ...rules].slice(0, MOST).join("; ");
}

const seconds = (time) => Math.floor(new Date(time).getTime() / 1000);
