// Server-sent events over fetch, because the token goes in a header; replays from the last number after a break.

import { SignedOut } from "./token.js";

const LONGEST_PAUSE = 10000;

export function follow(api, path, { onEvent, onState }) {
  const ending = new AbortController();
  let last = 0;
  let pause = 500;

  async function read() {
    const headers = { Accept: "text/event-stream", "Last-Event-ID": String(last) };
    const response = await api.send(path, { method: "GET", headers, signal: ending.signal });
    if (!response.ok) throw new Error(`events: ${response.status}`);
    onState("open");
    const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
    let rest = "";
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      pause = 500;
      const blocks = (rest + value).split("\n\n");
      rest = blocks.pop();
      blocks.forEach(take);
    }
  }

  function take(block) {
    const fields = Object.fromEntries(
      block.split("\n").filter((line) => !line.startsWith(":")).map((line) => line.split(/: (.*)/s, 2)),
    );
    if (!fields.event) return;
    const seq = fields.id === undefined ? null : Number(fields.id);
    if (seq !== null && seq <= last) return;
    if (seq !== null) last = seq;
    onEvent(fields.event, JSON.parse(fields.data), seq);
  }

  async function run() {
    while (!ending.signal.aborted) {
      try {
        await read();
      } catch (error) {
        if (ending.signal.aborted) return;
        if (error instanceof SignedOut) return onState("signed_out");
        onState("broken");
      }
      await new Promise((resume) => setTimeout(resume, pause));
      pause = Math.min(pause * 2, LONGEST_PAUSE);
    }
  }

  run();
  return () => ending.abort();
}
