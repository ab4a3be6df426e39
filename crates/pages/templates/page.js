"use strict";
// Search in the logs: shows the lines that hold the words, with their numbers. Without it, the logs are whole and the browser finds.
for (const run of document.querySelectorAll(".cc-ci-run")) {
  const search = run.querySelector(".search");
  if (!search) continue;
  const input = search.querySelector("input");
  const output = search.querySelector("output");
  const logs = [...run.querySelectorAll(".logs details")].map((details) => {
    const pre = details.querySelector("pre");
    return { details, pre, text: pre.textContent, lines: pre.textContent.split("\n") };
  });
  const MOST = 500;
  const found = (pre, lines, words) => {
    pre.textContent = "";
    for (const [number, line] of lines.slice(0, MOST)) {
      pre.append(`${number}: `);
      const small = line.toLowerCase();
      let at = 0;
      // Letters may change their length when they are made small; then the line is shown without marks.
      if (small.length === line.length) {
        for (let hit = small.indexOf(words); hit >= 0; hit = small.indexOf(words, at)) {
          const mark = document.createElement("mark");
          mark.textContent = line.slice(hit, hit + words.length);
          pre.append(line.slice(at, hit), mark);
          at = hit + words.length;
        }
      }
      pre.append(line.slice(at), "\n");
    }
  };
  input.addEventListener("input", () => {
    const words = input.value.toLowerCase();
    let count = 0;
    for (const { details, pre, text, lines } of logs) {
      if (!words) {
        pre.textContent = text;
        details.open = false;
        continue;
      }
      const hits = lines.map((line, at) => [at + 1, line]).filter(([, line]) => line.toLowerCase().includes(words));
      count += hits.length;
      details.open = hits.length > 0;
      if (hits.length > 0) found(pre, hits, words);
      else pre.textContent = text;
    }
    output.textContent = words ? `${count} ${count === 1 ? "line" : "lines"}` : "";
  });
  search.hidden = false;
}
