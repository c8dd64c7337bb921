"use strict";
// The protocol of the client library, in a page: submit, poll with growing pauses, and
// show what is known. A refusal for now (429, 503) is asked again later.
const pauseMin = 200, pauseMax = 5000;
const element = id => document.getElementById(id);
const sleep = ms => new Promise(done => setTimeout(done, ms));

async function ask(path, options) {
  const answer = await fetch(path, options);
  if (answer.ok) return answer.json();
  const error = new Error((await answer.text()).trim());
  error.code = answer.status;
  throw error;
}

function addRow(a, b) {
  const row = element("jobs").insertRow(0);
  for (let i = 0; i < 7; i++) row.insertCell();
  row.cells[0].textContent = `[${a}, ${b})`;
  row.cells[3].append(document.createElement("progress"));
  return row;
}

function show(row, job, polls, began) {
  row.className = job.status;
  row.cells[1].textContent = job.requestId;
  row.cells[2].textContent = job.status;
  row.cells[4].textContent = polls;
  row.cells[5].textContent = ((performance.now() - began) / 1000).toFixed(1);
  row.cells[6].textContent = job.payload ?? "";
  if (job.status !== "IN_PROGRESS") row.cells[3].firstChild.value = 1;
}

async function submit(a, b) {
  element("complaint").value = "";
  let job;
  try {
    // Digits are sent as they are: what is not a number is for the service to refuse.
    job = await ask("sumPrime", {method: "POST", headers: {"Content-Type": "application/json"}, body: `{"a": ${a}, "b": ${b}}`});
  } catch (error) {
    element("complaint").value = error.message;
    return;
  }
  const row = addRow(a, b), began = performance.now();
  let polls = 0, pause = pauseMin;
  show(row, job, polls, began);
  while (job.status === "IN_PROGRESS") {
    await sleep(pause / 2 + Math.random() * pause / 2);
    pause = Math.min(pause * 1.5, pauseMax);
    polls++;
    try {
      job = await ask("sumPrime/" + encodeURIComponent(job.requestId));
    } catch (error) {
      if (error.code === 404) job = {...job, status: "FAILED"};
    }
    show(row, job, polls, began);
  }
}

element("form").addEventListener("submit", event => {
  event.preventDefault();
  submit(element("a").value.trim(), element("b").value.trim());
});

// A link such as /?a=1&b=10 submits at once.
const query = new URLSearchParams(location.search);
if (query.has("a") && query.has("b")) {
  element("a").value = query.get("a");
  element("b").value = query.get("b");
  submit(query.get("a"), query.get("b"));
}
