"use strict";

// Draws what ended over time: stacked columns for files done, failed and given back, from the points that the server
// has added up. Without this file the page misses the picture only.

(function () {
  const PAUSE = 5000; // milliseconds between two looks while the project moves
  // Seconds between two marks below the columns: never less than the shortest column.
  const MARKS = [60, 120, 300, 600, 900, 1800, 3600, 7200, 10800, 21600, 43200].concat([1, 2, 5, 10, 30, 60, 90, 180, 365, 730, 1825, 3650].map((days) => days * 86400));
  const SERIES = [
    { name: "returned", label: "Given back", colour: "--initial" },
    { name: "failed", label: "Failed", colour: "--failed" },
    { name: "done", label: "Done", colour: "--done" },
  ];

  function colour(name) {
    return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
  }

  function count(number) {
    return number == null ? "–" : number.toLocaleString("en-GB").replaceAll(",", "\u202f");
  }

  // Each column reaches as high as its own and all below it; the highest is painted first.
  function stack(points) {
    const below = points.at.map(() => 0);
    const sums = {};
    for (const name of ["done", "failed", "returned"]) {
      sums[name] = points[name].map((number, index) => (below[index] += number));
    }
    return [points.at, sums.returned, sums.failed, sums.done];
  }

  class Plot {
    constructor(place) {
      this.place = place;
      this.words = document.getElementById(place.dataset.plotWords);
      this.lastLook = 0;
      new ResizeObserver(() => this.chart && this.chart.setSize(this.size())).observe(place);
      matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this.draw());
      document.body.addEventListener("htmx:sseMessage", () => this.lookSoon());
      this.look();
    }

    size() {
      return { width: Math.max(this.place.clientWidth, 200), height: 220 };
    }

    lookSoon() {
      if (this.timer) return;
      const wait = Math.max(0, this.lastLook + PAUSE - Date.now());
      this.timer = setTimeout(() => this.look(), wait);
    }

    async look() {
      clearTimeout(this.timer);
      this.timer = null;
      this.lastLook = Date.now();
      let points;
      try {
        const reply = await fetch(this.place.dataset.plot, { headers: { Accept: "application/json" } });
        if (!reply.ok) return;
        points = await reply.json();
      } catch {
        return; // the next change of the project tries again
      }
      this.renew(points);
    }

    draw() {
      if (!this.points) return;
      if (this.chart) this.chart.destroy();
      this.chart = null;
      const isEmpty = this.points.at.length === 0;
      this.place.classList.toggle("is-empty", isEmpty);
      this.say(isEmpty ? "No attempt has ended yet." : this.points.sentence);
      if (!isEmpty) this.chart = new uPlot(this.options(), stack(this.points), this.place);
    }

    // The same columns with other numbers: what somebody points at stays where it is.
    renew(points) {
      const isSame = this.chart && points.at.length && points.minutes === this.points.minutes;
      this.points = points;
      if (!isSame) return this.draw();
      this.say(points.sentence);
      this.chart.setData(stack(points));
    }

    say(sentence) {
      this.words.textContent = sentence;
      this.place.setAttribute("aria-label", `Files done, failed and given back over time. ${sentence}`);
    }

    options() {
      const { minutes } = this.points;
      const span = minutes % 1440 === 0 ? [minutes / 1440, "day"] : minutes % 60 === 0 ? [minutes / 60, "hour"] : [minutes, "minute"];
      const per = span[0] === 1 ? `in a ${span[1]}`.replace("a hour", "an hour") : `in ${span[0]} ${span[1]}s`;
      const axis = { stroke: colour("--dim"), grid: { stroke: colour("--line"), width: 1 }, ticks: { stroke: colour("--line") } };
      const bars = uPlot.paths.bars({ size: [0.86, 40], align: 1 });
      return {
        ...this.size(),
        cursor: { drag: { x: false, y: false }, points: { show: false } },
        scales: { x: { range: (_, least, most) => [least, most + minutes * 60] }, y: { range: (_, __, most) => [0, Math.max(most * 1.05, 1)] } },
        axes: [
          { ...axis, incrs: MARKS, values: [[86400, "{YYYY}-{MM}-{DD}", null, null, null, null, null, null, 0], [3600, "{HH}:{mm}", "\n{YYYY}-{MM}-{DD}", null, "\n{YYYY}-{MM}-{DD}", null, null, null, 1], [60, "{HH}:{mm}", "\n{YYYY}-{MM}-{DD}", null, "\n{YYYY}-{MM}-{DD}", null, null, null, 1]] },
          { ...axis, size: 62, label: `files ${per}`, labelSize: 18, labelGap: 2, incrs: [1, 2, 5, 10, 20, 50, 100, 200, 500, 1e3, 2e3, 5e3, 1e4, 2e4, 5e4, 1e5, 2e5, 5e5, 1e6], values: (_, marks) => marks.map(count) },
        ],
        series: [
          { label: "From", value: (_, at) => (at == null ? "–" : uPlot.fmtDate("{YYYY}-{MM}-{DD} {HH}:{mm}")(new Date(at * 1000))) },
          ...SERIES.map(({ name, label, colour: variable }) => ({
            label,
            fill: colour(variable),
            stroke: colour(variable),
            width: 0,
            paths: bars,
            points: { show: false },
            value: (_, __, ___, index) => count(index == null ? null : this.points[name][index]),
          })),
        ],
      };
    }
  }

  if (window.uPlot) for (const place of document.querySelectorAll("[data-plot]")) new Plot(place);
})();
