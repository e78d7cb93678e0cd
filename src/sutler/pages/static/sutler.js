"use strict";

// Pages work without this file. It shows times in the zone of the reader, follows live changes only while somebody
// looks, tells screen readers of progress, keeps the end of a growing log in sight, filters long pages and copies text.

(function () {
  const HIDDEN_SECONDS = 20;

  // Times -------------------------------------------------------------------------------------------------------------

  function pad(number) {
    return String(number).padStart(2, "0");
  }

  function showLocalTimes(part) {
    for (const element of part.querySelectorAll("time[datetime]:not([data-local])")) {
      const at = new Date(element.dateTime);
      if (Number.isNaN(at.getTime())) continue;
      const day = `${at.getFullYear()}-${pad(at.getMonth() + 1)}-${pad(at.getDate())}`;
      const seconds = "seconds" in element.dataset ? `:${pad(at.getSeconds())}` : "";
      element.textContent = `${day} ${pad(at.getHours())}:${pad(at.getMinutes())}${seconds}`;
      element.dataset.local = "";
    }
    const zone = document.getElementById("zone");
    if (zone) zone.textContent = `the zone of your browser, ${Intl.DateTimeFormat().resolvedOptions().timeZone}`;
  }

  // Live changes ------------------------------------------------------------------------------------------------------

  // A browser opens only a few connections to one server. A page that nobody looks at gives its own back; when it is
  // looked at again, the first message of the new connection brings it up to date.
  class WatchedSource extends EventTarget {
    constructor(address) {
      super();
      this.address = address;
      this.onopen = null;
      this.onerror = null;
      this.isOver = false;
      this.names = new Set();
      this.look = () => this.follow(document.hidden);
      document.addEventListener("visibilitychange", this.look);
      this.open();
    }

    get readyState() {
      if (this.isOver) return EventSource.CLOSED;
      return this.source ? this.source.readyState : EventSource.CONNECTING;
    }

    open() {
      this.source = new EventSource(this.address);
      this.source.onopen = (event) => this.onopen && this.onopen(event);
      this.source.onerror = (event) => this.onerror && this.onerror(event);
      for (const name of this.names) this.pass(name);
    }

    pass(name) {
      this.source.addEventListener(name, (event) => this.dispatchEvent(new MessageEvent(name, { data: event.data })));
    }

    addEventListener(name, listener) {
      super.addEventListener(name, listener);
      if (!this.names.has(name)) {
        this.names.add(name);
        if (this.source) this.pass(name);
      }
    }

    follow(isHidden) {
      clearTimeout(this.timer);
      if (this.isOver) return;
      if (isHidden) {
        this.timer = setTimeout(() => {
          this.source.close();
          this.source = null;
        }, HIDDEN_SECONDS * 1000);
      } else if (!this.source) {
        this.open();
      }
    }

    close() {
      this.isOver = true;
      clearTimeout(this.timer);
      document.removeEventListener("visibilitychange", this.look);
      if (this.source) this.source.close();
    }
  }

  if (window.htmx) {
    htmx.createEventSource = (address) => new WatchedSource(address);
  }

  // Parts that were replaced ------------------------------------------------------------------------------------------

  function speak() {
    const part = document.querySelector("[data-spoken]");
    const spoken = document.getElementById("spoken");
    if (part && spoken && spoken.textContent !== part.dataset.spoken) spoken.textContent = part.dataset.spoken;
  }

  let wasAtEnd = true;

  function isAtEnd(log) {
    return log.scrollHeight - log.scrollTop - log.clientHeight < 24;
  }

  function showEnd() {
    const log = document.querySelector("[data-tail]");
    if (log && wasAtEnd) log.scrollTop = log.scrollHeight;
  }

  document.addEventListener("htmx:beforeSwap", () => {
    const log = document.querySelector("[data-tail]");
    wasAtEnd = !log || isAtEnd(log);
  });

  // Before the new part is painted: times in another zone or form would flash, and columns would jump.
  document.addEventListener("htmx:afterSwap", () => showLocalTimes(document));

  document.addEventListener("htmx:afterSettle", () => {
    speak();
    showEnd();
  });

  // A filter over a long page -----------------------------------------------------------------------------------------

  // The server marks what a query leaves out in the same way: everything is on the page, some of it hidden.
  function filter(box) {
    const words = box.value.toLowerCase().split(/\s+/).filter(Boolean);
    for (const part of document.querySelectorAll("[data-words]")) {
      part.hidden = !words.every((word) => part.dataset.words.includes(word));
    }
    for (const group of document.querySelectorAll("[data-filter-group]")) {
      group.hidden = !group.querySelector("[data-words]:not([hidden])");
    }
    const count = document.querySelectorAll("article[data-words]:not([hidden])").length;
    for (const notice of document.querySelectorAll("[data-filter-empty]")) notice.hidden = count > 0;
    return `${count} ${box.dataset.filter}`;
  }

  for (const box of document.querySelectorAll("input[data-filter]")) {
    filter(box);
    box.addEventListener("input", () => {
      document.getElementById("spoken").textContent = filter(box);
    });
    box.form.addEventListener("submit", (event) => event.preventDefault());
  }

  // What a wide picture is about ---------------------------------------------------------------------------------------

  for (const wide of document.querySelectorAll("[data-centre]")) {
    const middle = document.getElementById(wide.dataset.centre);
    if (!middle) continue;
    const [frame, part] = [wide.getBoundingClientRect(), middle.getBoundingClientRect()];
    wide.scrollLeft += part.left + part.width / 2 - frame.left - frame.width / 2;
  }

  // Text to take along ------------------------------------------------------------------------------------------------

  // Pages that do not come by https have no clipboard of their own: the selection is copied there.
  async function copy(element) {
    if (navigator.clipboard) return navigator.clipboard.writeText(element.textContent);
    window.getSelection().selectAllChildren(element);
    if (!document.execCommand("copy")) throw new Error("The browser copies nothing.");
  }

  document.addEventListener("click", async (event) => {
    const button = event.target.closest("button[data-copy]");
    if (!button) return;
    const label = button.textContent;
    try {
      await copy(document.getElementById(button.dataset.copy));
      button.textContent = "Copied";
    } catch {
      button.textContent = "Select it and copy";
    }
    document.getElementById("spoken").textContent = button.textContent;
    button.disabled = true;
    setTimeout(() => {
      button.textContent = label;
      button.disabled = false;
    }, 1500);
  });

  // Forms that act once -----------------------------------------------------------------------------------------------

  document.addEventListener("submit", (event) => {
    if (!event.target.matches("form[data-once]")) return;
    if (event.target.dataset.sent) event.preventDefault();
    event.target.dataset.sent = "yes";
  });

  // A page that the browser kept may be sent again.
  window.addEventListener("pageshow", () => {
    for (const form of document.querySelectorAll("form[data-once]")) delete form.dataset.sent;
  });

  for (const link of document.querySelectorAll("a.refresh")) link.href = window.location.href.split("#")[0];
  showLocalTimes(document);
  showEnd();
})();
