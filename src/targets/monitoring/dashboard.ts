import { filledByGrafana } from './legend.ts';
import { type Panel, type Row, rows } from './panels.ts';
import type { AlertFacts } from './rules/types.ts';

export const DATASOURCE = 'redis-stack-prometheus';
const WIDTH = 24;

/** The dashboard as Grafana imports it. */
export function dashboard(facts: AlertFacts) {
  const placed = layOut(rows(facts));
  return {
    uid: `redis-stack-${facts.stack}`.slice(0, 40),
    title: `Redis: ${facts.stack}`,
    tags: ['redis', 'create-redis-stack'],
    editable: true,
    schemaVersion: 39,
    timezone: 'browser',
    refresh: '30s',
    time: { from: 'now-3h', to: 'now' },
    annotations: {
      list: [
        {
          name: 'Alerts',
          enable: true,
          iconColor: 'red',
          datasource: DATASOURCE_REF,
          expr: `ALERTS{stack="${facts.stack}",alertstate="firing"}`,
          titleFormat: filledByGrafana('<alertname>'),
          textFormat: filledByGrafana('<node> <severity>'),
        },
      ],
    },
    templating: { list: [] },
    panels: placed.map((panel, i) => ({ id: i + 1, ...panel })),
  };
}

const DATASOURCE_REF = { type: 'prometheus', uid: DATASOURCE } as const;

interface Place {
  readonly x: number;
  readonly y: number;
  readonly w: number;
  readonly h: number;
}

/** Rows under each other; figures six in a line, pictures two. */
function layOut(all: readonly Row[]) {
  let y = 0;
  return all.flatMap(({ title, panels }) => {
    const heading = {
      type: 'row',
      title,
      collapsed: false,
      panels: [],
      gridPos: { x: 0, y, w: WIDTH, h: 1 },
    };
    y += 1;
    const sizes = panels[0]?.kind === 'stat' ? { w: 4, h: 4 } : { w: 12, h: 8 };
    const perLine = WIDTH / sizes.w;
    const drawn = panels.map((panel, i) =>
      draw(panel, { x: (i % perLine) * sizes.w, y: y + Math.floor(i / perLine) * sizes.h, ...sizes }),
    );
    y += Math.ceil(panels.length / perLine) * sizes.h;
    return [heading, ...drawn];
  });
}

function draw(panel: Panel, gridPos: Place) {
  return {
    type: panel.kind,
    title: panel.title,
    description: panel.meaning,
    datasource: DATASOURCE_REF,
    gridPos,
    fieldConfig: {
      defaults: { unit: panel.unit, ...(panel.kind === 'timeseries' ? { min: 0, custom: LINES } : {}) },
      overrides: [],
    },
    options: panel.kind === 'timeseries' ? PICTURE : FIGURE,
    targets: panel.queries.map(({ expr, legend }, i) => ({
      refId: String.fromCharCode(65 + i),
      datasource: DATASOURCE_REF,
      editorMode: 'code',
      range: panel.kind === 'timeseries',
      instant: panel.kind === 'stat',
      expr,
      legendFormat: filledByGrafana(legend),
    })),
  };
}

const LINES = { lineWidth: 1, fillOpacity: 8, showPoints: 'never' } as const;
const PICTURE = {
  legend: { displayMode: 'list', placement: 'bottom' },
  tooltip: { mode: 'multi', sort: 'desc' },
} as const;
const FIGURE = {
  reduceOptions: { calcs: ['lastNotNull'] },
  colorMode: 'value',
  graphMode: 'area',
} as const;
