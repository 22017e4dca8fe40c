// One small chart: a line over rounds, drawn by uPlot, with its last value in words.

import { h, setText } from './dom.js';

const uPlot = window.uPlot;
const SYNC = 'rounds';
const DARK = matchMedia('(prefers-color-scheme: dark)');
const charts = new Set();

function color(name) {
  return getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();
}

DARK.addEventListener('change', () => charts.forEach((chart) => chart.redraw()));

/** A chart of one quantity; format writes its values, tick those at the axis. */
export function newChart(title, format, tick = format) {
  const value = h('span', { class: 'value' });
  const at = h('span', { class: 'at' });
  const legend = h('span', { class: 'legend', hidden: true });
  const plot = h('div', { class: 'plot', role: 'img' });
  const element = h('figure', { class: 'chart' },
    h('figcaption', {}, h('h3', { title }, title), value, legend, at), plot);
  let u = null;
  let data = [[], [], [], []];
  let end = null;

  function last(ys) {
    let i = ys.length - 1;
    while (i >= 0 && (ys[i] === null || ys[i] === undefined)) {
      i -= 1;
    }
    return i;
  }

  /** Tells the value at a round, or the last. */
  function tell(index) {
    const [xs, ys, dots] = data;
    const line = last(ys) >= 0 ? ys : dots;
    const i = index ?? last(line);
    setText(value, i < 0 || xs[i] === undefined ? '–' : format(line[i] ?? null));
    setText(at, index === null || index === undefined ? '' : `round ${xs[index]}`);
  }

  function describe() {
    const [xs, ys, dots] = data;
    const line = last(ys) >= 0 ? ys : dots;
    const known = line.map((y, i) => [y, xs[i]]).filter(([y]) => y !== null && y !== undefined);
    if (known.length === 0) {
      return `${title}: no values yet`;
    }
    const lowest = known.reduce((a, b) => (b[0] < a[0] ? b : a));
    const highest = known.reduce((a, b) => (b[0] > a[0] ? b : a));
    const newest = known.at(-1);
    return `${title} over rounds ${known[0][1]} to ${newest[1]}: ${format(known[0][0])} at first, `
      + `${format(newest[0])} at last, lowest ${format(lowest[0])} in round ${lowest[1]}, `
      + `highest ${format(highest[0])} in round ${highest[1]}${end === null ? '' : `, of at most ${format(end)}`}`;
  }

  function axis(more) {
    return {
      stroke: () => color('muted'),
      font: '11px system-ui, sans-serif',
      grid: { stroke: () => color('track'), width: 1 },
      ticks: { show: false },
      ...more,
    };
  }

  function draw() {
    u = new uPlot({
      width: Math.max(plot.clientWidth, 160),
      height: plot.clientHeight,
      padding: [8, 10, 0, 0],
      legend: { show: false },
      cursor: { sync: { key: SYNC, setSeries: false }, y: false, points: { size: 7 }, drag: { x: true, y: false } },
      scales: { x: { time: false, range: (_, low, high) => (low === high ? [low - 1, high + 1] : [low, high]) } },
      axes: [
        axis({ size: 24, gap: 4, space: 36, incrs: [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10000, 100000, 1e6] }),
        axis({ size: 52, gap: 4, space: 28, values: (_, values) => values.map((v) => tick(v)) }),
      ],
      series: [
        {},
        { stroke: () => color('accent'), width: 1.75, fill: () => color('shade'), points: { show: (_, i, from, to) => to - from < 12, size: 5, fill: () => color('accent') } },
        { stroke: () => color('accent-2'), paths: () => null, points: { show: true, size: 7, fill: () => color('accent-2') } },
        { stroke: () => color('accent-2'), width: 1.5, dash: [6, 4], points: { show: false } },
      ],
      hooks: { setCursor: [(chart) => tell(chart.cursor.idx)] },
    }, data, plot);
  }

  const sized = new ResizeObserver(() => {
    if (u && plot.clientWidth > 0) {
      u.setSize({ width: plot.clientWidth, height: plot.clientHeight });
    } else if (!u && plot.clientWidth > 0) {
      draw();
    }
  });
  sized.observe(plot);

  const chart = {
    element,
    /** Shows a line over rounds, dots beside it, and where the line has to end. */
    set(xs, ys, dots, most = null) {
      end = most;
      data = [xs, ys, dots ?? xs.map(() => null), xs.map(() => end)];
      setText(legend, end === null ? 'reported' : `of ${format(end)}`);
      legend.classList.toggle('end', end !== null);
      legend.hidden = end === null && last(data[2]) < 0;
      u?.setData(data);
      tell(u?.cursor.idx);
      plot.setAttribute('aria-label', describe());
    },
    redraw() {
      u?.redraw(false);
    },
    close() {
      charts.delete(chart);
      sized.disconnect();
      u?.destroy();
    },
  };
  charts.add(chart);
  return chart;
}
