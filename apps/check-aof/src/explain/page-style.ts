/**
 * How the page looks. Two voices: blue is what lives, hatched sand is what is dead; orange marks the end of the log. They differ
 * in lightness and texture too, so that nothing depends on seeing colours.
 */

export const STYLE = `
:root {
  color-scheme: light dark;
  --paper: #faf9f6; --ink: #1d2126; --soft: #5f6670; --line: #e3e0d8; --wash: #f1efe9;
  --live: #1f6a8f; --dead: #e2dccd; --hatch: #b9b09b; --late: #b8560f; --plain: #7b8794;
}
@media (prefers-color-scheme: dark) {
  :root {
    --paper: #14171b; --ink: #e9e6df; --soft: #a3a9b1; --line: #2c3138; --wash: #1c2025;
    --live: #62b3d6; --dead: #343a41; --hatch: #666f79; --late: #f0a15a; --plain: #8793a0;
  }
}
* { box-sizing: border-box; }
html { -webkit-text-size-adjust: 100%; }
body {
  margin: 0; background: var(--paper); color: var(--ink);
  font: 15px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif;
  font-variant-numeric: tabular-nums;
}
main { max-width: 1120px; margin: 0 auto; padding: 40px 28px 64px; }
h1, h2, h3, p, figure, dl, dd, table { margin: 0; padding: 0; }
.path { color: var(--soft); font-size: 13px; overflow-wrap: anywhere; }
h1 {
  font: 500 clamp(26px, 4.6vw, 44px)/1.14 "Iowan Old Style", "Palatino Linotype", Palatino, Charter, Georgia, ui-serif, serif;
  letter-spacing: -0.012em; margin: 10px 0 12px; max-width: 22em; text-wrap: balance;
}
.details { color: var(--soft); max-width: 62em; }
.details p + p { margin-top: 2px; }
.whole { margin: 26px 0 0; }
.whole .plot { height: 34px; }
.ends { display: flex; justify-content: space-between; gap: 16px; margin-top: 6px; font-size: 14px; }
.ends span:last-child { text-align: right; }
.key { display: inline-block; width: 11px; height: 11px; margin-right: 7px; vertical-align: -1px; }
.facts {
  display: grid; grid-template-columns: repeat(auto-fit, minmax(132px, 1fr)); gap: 18px 24px;
  margin: 28px 0 0; padding: 18px 0; border-top: 1px solid var(--line); border-bottom: 1px solid var(--line);
}
.facts dt { color: var(--soft); font-size: 12.5px; }
.facts dd { font-size: 20px; line-height: 1.3; letter-spacing: -0.01em; }
.facts dd small { display: block; color: var(--soft); font-size: 12.5px; letter-spacing: 0; }
section { margin-top: 52px; }
h2 { font-size: 19px; line-height: 1.3; font-weight: 650; letter-spacing: -0.01em; }
h3 { font-size: 14px; font-weight: 650; margin-bottom: 6px; } table + h3, div + div > h3 { margin-top: 30px; }
.columns > div > h3:first-child { margin-top: 0; }
.lead { color: var(--soft); max-width: 62em; margin-bottom: 16px; }
.columns { margin-top: 14px; display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 440px), 1fr)); gap: 36px 44px; }
svg { display: block; width: 100%; overflow: visible; }
svg text { fill: var(--soft); font-size: 11.5px; }
.live { fill: var(--live); } .late { fill: var(--late); } .plain { fill: var(--plain); }
.dead { fill: url(#hatch); } .hatch-ground { fill: var(--dead); } .hatch-line { stroke: var(--hatch); }
.grid { stroke: var(--line); } .base { stroke: var(--soft); }
.hit { fill: transparent; }
.on .hit { fill: var(--ink); fill-opacity: .09; }
.time { padding-top: 16px; } .time .plot { height: 210px; cursor: crosshair; }
.time .plot:focus-visible, a:focus-visible, summary:focus-visible { outline: 2px solid var(--live); outline-offset: 4px; }
.readout { min-height: 1.5em; font-size: 14px; margin-top: 8px; }
.legend { display: flex; flex-wrap: wrap; gap: 4px 20px; color: var(--soft); font-size: 13px; margin-bottom: 10px; }
.small { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(100%, 224px), 1fr)); gap: 24px 28px; margin-top: 26px; }
.small .plot { height: 46px; }
.small figcaption { display: flex; justify-content: space-between; gap: 10px; font-size: 13px; margin-bottom: 4px; }
.small .peak { color: var(--soft); font-size: 12px; margin-top: 3px; }
.name { overflow-wrap: anywhere; font-family: ui-monospace, SFMono-Regular, Menlo, Consolas, "DejaVu Sans Mono", monospace; font-size: .9em; }
table { width: 100%; border-collapse: collapse; }
th, td { padding: 5px 0 5px 14px; text-align: right; font-weight: 400; vertical-align: middle; white-space: nowrap; }
th:first-child, td:first-child { padding-left: 0; }
thead th { color: var(--soft); font-size: 12px; border-bottom: 1px solid var(--line); padding-bottom: 3px; }
tbody th { text-align: left; white-space: normal; min-width: 7em; line-height: 1.35; }
thead th:first-child { text-align: left; }
td.bar { width: 36%; min-width: 90px; } td.bar svg { height: 13px; }
.half td.bar { width: 30%; }
.wide td.bar { width: 40%; }
.by-key tbody tr:hover, .half tbody tr:hover { background: var(--wash); }
td.soft, .soft { color: var(--soft); }
.level-1 th { padding-left: 20px; } .level-2 th { padding-left: 40px; } .level-3 th { padding-left: 60px; }
.level-1 td, .level-2 td, .level-3 td, .level-1 th, .level-2 th, .level-3 th { font-size: 13.5px; padding-top: 3px; padding-bottom: 3px; }
.level-1 td.bar svg, .level-2 td.bar svg, .level-3 td.bar svg { height: 8px; }
.dumbbell svg { height: 18px; } .dumbbell line.way { stroke: var(--late); stroke-width: 2; }
.dumbbell circle.then { fill: var(--late); } .dumbbell circle.before { fill: var(--paper); stroke: var(--soft); stroke-width: 2; }
details { margin-top: 12px; font-size: 13px; } summary { color: var(--soft); cursor: pointer; width: max-content; max-width: 100%; }
details .scroll { max-height: 320px; overflow: auto; margin-top: 8px; border: 1px solid var(--line); padding: 8px 12px; }
.note { color: var(--soft); font-size: 13px; margin-top: 10px; max-width: 62em; }
.how { color: var(--soft); font-size: 14px; max-width: 62em; } .how p + p { margin-top: 8px; } .how table { margin-top: 14px; color: var(--ink); }
footer { margin-top: 44px; padding-top: 14px; border-top: 1px solid var(--line); color: var(--soft); font-size: 12.5px; }
.hidden { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }
@media (max-width: 640px) {
  main { padding: 24px 16px 48px; }
  section { margin-top: 42px; }
  .rows thead { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); }
  .rows, .rows tbody { display: block; }
  .rows tbody tr { display: flex; flex-wrap: wrap; gap: 0 14px; align-items: baseline; padding: 7px 0; border-bottom: 1px solid var(--line); }
  .rows tbody th { flex: 1 1 60%; padding: 0; min-width: 0; order: 0; }
  .rows td { padding: 0; font-size: 13px; order: 3; }
  .rows td.first { order: 1; font-size: 14px; }
  .rows td.bar { flex: 1 1 100%; width: auto; padding: 4px 0; order: 2; }
  .rows td.first:is([data-of=writes], [data-of=keys])::after { content: " " attr(data-of); color: var(--soft); }
  .rows td.more::before { content: attr(data-of) " "; color: var(--soft); }
  .rows td:empty { display: none; }
  .rows .level-1 { padding-left: 14px; } .rows .level-2 { padding-left: 28px; } .rows .level-3 { padding-left: 42px; }
  .time .plot { height: 180px; }
  .small { grid-template-columns: repeat(2, minmax(0, 1fr)); gap: 20px 16px; }
  .small figcaption { flex-direction: column; gap: 0; }
  .ends { font-size: 13px; }
}
@media print { body { background: #fff; } details { display: none; } section { break-inside: avoid; } }
`;
