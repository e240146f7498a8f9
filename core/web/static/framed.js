// A page in a frame of the garage's own web site tells it how high it is, so that nothing scrolls
// twice. It answers only the sites that may frame it, and only once they have asked.

const allowed = (document.documentElement.dataset.framedBy ?? "").split(" ");
let site = null;
let told = 0;

function tell() {
  const height = Math.ceil(document.querySelector(".portal")?.getBoundingClientRect().height ?? 0);
  if (!site || !height || height === told) return;
  told = height;
  parent.postMessage({ garagist: "height", height }, site);
}

addEventListener("message", (event) => {
  if (event.source !== parent || !allowed.includes(event.origin)) return;
  if (event.data?.garagist !== "measure") return;
  site = event.origin;
  told = 0;
  tell();
});
new ResizeObserver(tell).observe(document.body);
