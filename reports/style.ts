/**
 * The style sheet of the HTML report: one column at 390 px, light and dark by the reader's setting, nothing told by
 * colour alone.
 *
 * @module
 */

/** CSS, complete; the report loads nothing. */
export const style = `
:root { color-scheme: light dark; --ink: #1c2430; --soft: #5a6675; --paper: #fff; --line: #d8dee6; --card: #f6f8fa;
  --holds: #1a7f4b; --violated: #c02b37; --unjudged: #68707c; --disputed: #a85b00; }
@media (prefers-color-scheme: dark) { :root { --ink: #e6ebf2; --soft: #9aa7b8; --paper: #11161d; --line: #2c3744; --card: #19212b;
  --holds: #4cc38a; --violated: #ff7b84; --unjudged: #9aa3b0; --disputed: #f0a44b; } }
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 1120px; padding: 20px 16px 60px; background: var(--paper); color: var(--ink);
  font: 15px/1.5 system-ui, -apple-system, "Segoe UI", sans-serif; overflow-wrap: anywhere; }
h1 { font-size: 1.5rem; margin: 0 0 4px; } h2 { font-size: 1.15rem; margin: 32px 0 8px; }
.soft { color: var(--soft); } .scroll { overflow-x: auto; } .scroll table { width: max-content; min-width: 100%; overflow-wrap: normal; } .scroll td { max-width: 46ch; overflow-wrap: break-word; } code, pre { font: 12.5px/1.45 ui-monospace, Menlo, Consolas, monospace; }
pre { background: var(--card); border: 1px solid var(--line); border-radius: 6px; padding: 10px; overflow-x: auto; overflow-wrap: normal; }
.headline { font-size: 1.15rem; font-weight: 600; border-left: 5px solid; padding: 8px 12px; background: var(--card); border-radius: 4px; }
table { border-collapse: collapse; width: 100%; } th, td { text-align: left; padding: 6px 10px; border-bottom: 1px solid var(--line); vertical-align: top; }
th { font-weight: 600; color: var(--soft); font-size: .85rem; } th.number { text-align: right; } td.number { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
.badge { font-weight: 600; white-space: nowrap; } .badge::before { content: attr(data-mark) " "; }
.holds { color: var(--holds); } .violated { color: var(--violated); } .unjudged, .not-asked { color: var(--unjudged); } .disputed { color: var(--disputed); }
details { border: 1px solid var(--line); border-radius: 6px; padding: 8px 12px; margin: 8px 0; } summary { cursor: pointer; font-weight: 600; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: 2px 14px; margin: 8px 0; } dt { color: var(--soft); } dd { margin: 0; }
.topology { width: 100%; max-height: 620px; } .topology text { font: 12px system-ui, sans-serif; text-anchor: middle; fill: var(--ink); }
.topology rect { fill: var(--card); stroke: var(--soft); } .topology .spine rect { stroke-width: 2; } .topology .wire { stroke: var(--line); fill: none; }
.topology .host text { font-size: 11px; }
.link { fill: none; stroke: currentColor; stroke-width: 2; } .link.clear { stroke-dasharray: 5 4; } .link.sealed { stroke-width: 3; }
.tenant-0 rect { stroke: #3b76d6; } .tenant-1 rect { stroke: #c2579b; } .tenant-2 rect { stroke: #2f9d8f; } .tenant-3 rect { stroke: #b8860b; }
.tenant-4 rect { stroke: #7a5bd0; } .tenant-5 rect { stroke: #b5533c; } .tenant-6 rect { stroke: #5b8c2a; } .tenant-7 rect { stroke: #4a6b8a; }
@media (max-width: 600px) { .verdicts thead { display: none; } .verdicts tr { display: block; border-bottom: 1px solid var(--line); padding: 6px 0; }
  .verdicts td { display: block; border: 0; padding: 2px 0; } .verdicts td[data-label]::before { content: attr(data-label) ": "; color: var(--soft); } }
@media print { :root { color-scheme: light; --ink: #000; --soft: #444; --paper: #fff; --line: #bbb; --card: #fff;
    --holds: #14663c; --violated: #a01f2b; --unjudged: #555; --disputed: #8a4a00; }
  body { max-width: none; padding: 0; font-size: 11px; } h2 { break-after: avoid; } tr, svg { break-inside: avoid; }
  .scroll, pre { overflow: visible; } .scroll table { width: 100%; } .scroll td { overflow-wrap: anywhere; }
  pre { white-space: pre-wrap; overflow-wrap: anywhere; } details::details-content { content-visibility: visible; block-size: auto; } }
`
