// Hands the token of a mail's link to the service when a person says so: programs that look at links press no button.
const token = new URLSearchParams(location.hash.slice(1)).get("token");
// neither the address bar nor the history keeps it
history.replaceState(null, "", location.pathname);

const form = document.querySelector("form");
const button = form.querySelector("button");
const status = document.querySelector("[role=status]");

async function refusalOf(response) {
  const problem = await response.json();
  return problem.issues?.[0].message ?? problem.detail;
}

async function submit(event) {
  event.preventDefault();
  button.disabled = true;
  status.textContent = "";
  try {
    const response = await fetch(form.dataset.action, {
      method: "POST",
      credentials: "omit",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify({ token, ...Object.fromEntries(new FormData(form)) }),
    });
    form.hidden = response.ok;
    status.textContent = response.ok ? form.dataset.done : `${await refusalOf(response)}.`;
  } catch {
    status.textContent = "The service did not answer. Try again.";
  }
  button.disabled = false;
}

if (token) {
  form.hidden = false;
  form.addEventListener("submit", submit);
} else {
  status.textContent = "Open this page by the link in the mail that you were sent.";
}
