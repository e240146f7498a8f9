// Garagist: lets frames of the customers' portal be as high as what is in them.
(() => {
  const home = new URL(document.currentScript.src).origin;
  const frames = () => [...document.querySelectorAll("iframe")].filter((frame) => frame.src.startsWith(`${home}/`));
  const ask = (frame) => frame.contentWindow.postMessage({ garagist: "measure" }, home);
  const begin = () => {
    for (const frame of frames()) {
      // Each page inside is another one, and may want to be seen from its top.
      let pages = 0;
      frame.addEventListener("load", () => {
        if (pages++ && frame.getBoundingClientRect().top < 0) frame.scrollIntoView();
        ask(frame);
      });
      // What has not begun to load is still an empty page of this site, and asked later.
      if (!frame.contentDocument) ask(frame);
    }
  };
  addEventListener("message", (event) => {
    if (event.origin !== home || event.data?.garagist !== "height") return;
    const frame = frames().find((each) => each.contentWindow === event.source);
    const height = Number(event.data.height);
    if (frame && height > 0 && height < 50000) frame.style.height = `${height}px`;
  });
  if (document.readyState === "loading") addEventListener("DOMContentLoaded", begin);
  else begin();
})();
