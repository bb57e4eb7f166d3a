/** The element's own style sheet. Everything a page may want to change is a custom property or a part. */
export const STYLES = `
:host {
  --bg: var(--vm-console-background, light-dark(#fbfcfe, #0b1220));
  --fg: var(--vm-console-foreground, light-dark(#1c2636, #d7e0ee));
  --accent: var(--vm-console-accent, light-dark(#1d5fa8, #8ecbff));
  --on-accent: var(--vm-console-on-accent, light-dark(#ffffff, #06121f));
  --chrome: var(--vm-console-chrome, light-dark(#eaeff6, #131c2d));
  --off: light-dark(#8390a6, #66758f);
  --good: light-dark(#1f9d55, #6fe0a0);
  --waiting: light-dark(#b27a00, #f0c674);
  --bad: light-dark(#c92a3c, #ff7b85);
  --line: color-mix(in srgb, var(--fg) 14%, transparent);
  --dim: color-mix(in srgb, var(--fg) 72%, var(--chrome));
  --split: var(--vm-console-split, 58%);
  --ui: var(--vm-console-ui-font, system-ui, -apple-system, "Segoe UI", Roboto, sans-serif);
  display: block;
  position: relative;
  height: 30rem;
  min-height: 10rem;
  color-scheme: dark;
  color: var(--fg);
  background: var(--bg);
  border-radius: var(--vm-console-radius, 10px);
  overflow: hidden;
  contain: layout paint;
  font: 400 13px/1.45 var(--ui);
}
:host([theme="light"]) { color-scheme: light; }
:host([theme="auto"]) { color-scheme: light dark; }
:host([hidden]) { display: none; }
:host(:fullscreen) { height: 100%; border-radius: 0; }
* { box-sizing: border-box; }
[hidden] { display: none !important; }

.frame { position: relative; display: flex; flex-direction: column; height: 100%; container-type: inline-size; }

.frame.dropping .stage { outline: 2px dashed var(--accent); outline-offset: -6px; }

.toolbar {
  display: flex; align-items: center; gap: 10px; padding: 5px 8px; flex: none;
  background: var(--chrome); border-bottom: 1px solid var(--line); user-select: none;
}
:host([toolbar="none"]) .toolbar { display: none; }
:host([readonly]) .frame .keys { display: none; }
.group { display: flex; gap: 2px; flex: none; }
.about { display: flex; align-items: center; gap: 8px; flex: 1; min-width: 0; white-space: nowrap; }
.label { font-weight: 600; overflow: hidden; text-overflow: ellipsis; }
.status, .stats { color: var(--dim); }
.stats { margin-left: auto; font-variant-numeric: tabular-nums; padding-right: 4px; }
.dot { width: 8px; height: 8px; border-radius: 50%; background: var(--off); flex: none; transition: background .2s; }
.dot[data-state="running"] { background: var(--good); box-shadow: 0 0 8px color-mix(in srgb, var(--good) 40%, transparent); }
.dot[data-state="loading"] { background: var(--accent); }
.dot[data-state="paused"] { background: var(--waiting); }
.dot[data-state="error"] { background: var(--bad); }

button {
  font: inherit; color: inherit; cursor: pointer; border: 1px solid transparent; border-radius: 6px; background: none;
}
button:focus-visible { outline: 2px solid var(--accent); outline-offset: 1px; }
.panel:focus { outline: none; }
.toolbar button { display: grid; place-items: center; width: 30px; height: 28px; color: var(--dim); }
.toolbar button:hover { background: var(--line); color: var(--fg); }
.toolbar button[aria-disabled="true"] { opacity: .35; cursor: default; background: none; }

.volume { width: 72px; height: 28px; margin: 0 6px 0 2px; accent-color: var(--accent); cursor: pointer; }
.volume:focus-visible { outline: 2px solid var(--accent); outline-offset: 1px; border-radius: 6px; }

.banner { display: flex; align-items: center; gap: 12px; padding: 6px 8px 6px 14px; flex: none; }
.banner span { flex: 1; overflow-wrap: anywhere; }
.banner.panic { background: #5d1f2a; color: #ffe3e5; }
.banner.hint { background: var(--chrome); color: var(--dim); border-bottom: 1px solid var(--line); }
.banner.network { gap: 0; }
.banner.network .what { flex: 0 1 auto; }
.banner button { display: grid; place-items: center; width: 26px; height: 26px; flex: none; }
.banner button:hover { background: #ffffff1f; }

.stage { position: relative; flex: 1; min-height: 0; }
.viewport { position: absolute; inset: 8px 2px 6px 10px; }
/* An underscore may be drawn a pixel below its row's box, where xterm.js would cut it off. */
.viewport .xterm-rows > div { overflow: visible !important; }
.stage[data-view="screen"] .viewport { visibility: hidden; }
.stage:not([data-view="screen"], [data-view="both"]) .screen { display: none; }
.screen { position: absolute; inset: 0; overflow: hidden; outline: none; background: var(--vm-console-screen, #05080f); }
.screen.zoomed { overflow: auto; }
.stage[data-view="both"] .screen { bottom: calc(100% - var(--split)); }
.stage[data-view="both"] .viewport { top: calc(var(--split) + 8px); }
@container (min-width: 44rem) {
  .stage[data-view="both"] .screen { bottom: 0; right: calc(100% - var(--split)); }
  .stage[data-view="both"] .viewport { top: 8px; left: calc(var(--split) + 10px); }
}
.stage[data-view="both"][data-target="serial"] .viewport { outline: 1px solid color-mix(in srgb, var(--accent) 40%, transparent); outline-offset: 4px; }
.screen:focus-visible { box-shadow: inset 0 0 0 2px color-mix(in srgb, var(--accent) 55%, transparent); }
.picture { position: absolute; left: var(--picture-left); top: var(--picture-top); width: var(--picture-width); height: var(--picture-height); }
.picture canvas { touch-action: none; display: block; width: 100%; height: 100%; }
.notice {
  position: absolute; left: 8px; bottom: 8px; max-width: calc(100% - 16px); padding: 3px 10px; border-radius: 11px; font-size: 11px;
  color: var(--dim); background: var(--chrome); pointer-events: none; opacity: 0; animation: remind 12s ease-out;
}
.leave {
  position: absolute; right: 12px; top: 12px; padding: 4px 12px; border-radius: 999px; pointer-events: none; opacity: 0;
  color: var(--fg); background: var(--chrome); border: 1px solid var(--line); animation: remind 6s ease-out;
}
@keyframes remind { 0%, 70% { opacity: 1; } }
@media (prefers-reduced-motion: reduce) { .notice, .leave { animation-timing-function: step-end; } }
.overlay { position: absolute; inset: 0; pointer-events: none; }
.overlay ::slotted(*) { pointer-events: auto; }
.poster { position: absolute; inset: 0; display: none; }
.frame[data-state="created"] .poster { display: block; }
.poster ::slotted(*) { width: 100%; height: 100%; object-fit: cover; }
.away {
  height: 100%; display: flex; flex-direction: column; align-items: center; justify-content: center; gap: 12px; color: var(--dim);
}
.away p { margin: 0; }
.away button { padding: 6px 14px; border-color: var(--line); color: var(--fg); }
.away button:hover { background: var(--line); }

.menu {
  position: absolute; z-index: 3; right: 6px; top: 42px; max-height: calc(100% - 50px); width: min(22rem, calc(100% - 12px));
  overflow: auto; padding: 6px; background: var(--chrome); border: 1px solid var(--line); border-radius: 10px; box-shadow: 0 18px 50px #0008;
}
.items { padding: 4px 0 6px; }
.items + .items { border-top: 1px solid var(--line); }
.menu-label { display: block; padding: 2px 10px; font-size: 11px; color: var(--dim); }
.menu button { display: block; width: 100%; padding: 5px 10px 5px 28px; text-align: left; position: relative; }
.menu button:hover, .menu button:focus-visible { background: var(--line); }
.menu [role="menuitemcheckbox"]::before {
  content: ""; position: absolute; left: 8px; top: 8px; width: 13px; height: 13px; font-size: 11px; line-height: 12px; text-align: center;
  border: 1px solid var(--dim); border-radius: 3px;
}
.menu [role="menuitemcheckbox"][aria-checked="true"]::before { content: "✓"; background: var(--accent); color: var(--on-accent); border-color: transparent; }
.items.chips { display: flex; flex-wrap: wrap; gap: 4px; padding: 4px 10px 8px; }
.items.chips .menu-label { width: 100%; padding: 2px 0; }
.menu .items.chips button { width: auto; padding: 4px 8px; border-color: var(--line); }
.menu .items.chips button[aria-checked="true"] { background: var(--accent); color: var(--on-accent); border-color: transparent; }
.notice:empty { display: none; }
.spoken { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); white-space: pre; }
.stage.covered .screen { opacity: .38; }
.stage.covered .viewport { opacity: .38; }
:host([terminal-size]) .viewport { display: grid; place-content: safe center; }
.layer { position: absolute; inset: 0; display: flex; pointer-events: none; }
.layer:empty { display: none; }

.panel { pointer-events: auto; animation: appear .16s ease-out; }
@keyframes appear { from { opacity: 0; transform: translateY(4px); } }
@media (prefers-reduced-motion: reduce) { .panel { animation: none; } }
.panel h2 { font-size: 15px; font-weight: 600; margin: 0; line-height: 1.35; }
.panel p { margin: 6px 0 0; overflow-wrap: anywhere; }
.start { margin: auto; }
.start .big {
  display: flex; align-items: center; gap: 10px; font-size: 15px; font-weight: 600; padding: 12px 22px;
  border-radius: 999px; color: var(--on-accent); background: var(--accent);
}
.start .big:hover { filter: brightness(1.08); }
.card {
  margin: auto; width: min(31rem, calc(100% - 24px)); max-height: calc(100% - 24px); overflow: auto; padding: 18px 20px;
  background: var(--chrome); border: 1px solid var(--line); border-radius: 10px; box-shadow: 0 18px 50px #0008;
}
.failure { border-top: 3px solid var(--bad); }
.failure pre {
  margin: 12px 0 0; padding: 8px 10px; max-height: 11rem; overflow: auto; background: var(--bg); border-radius: 6px;
  font: 11px/1.45 ui-monospace, "SF Mono", "DejaVu Sans Mono", Menlo, Consolas, monospace;
}
.failure .advice { color: var(--dim); }
.actions { display: flex; flex-wrap: wrap; gap: 8px; margin-top: 16px; }
.actions button, .strip button { padding: 6px 14px; border-color: var(--line); }
.actions button:hover { background: var(--line); }
.panel .primary { background: var(--accent); color: var(--on-accent); border-color: transparent; font-weight: 600; flex: none; }
.panel .primary:hover { background: var(--accent); filter: brightness(1.08); }

.progress ul { list-style: none; margin: 12px 0 0; padding: 0; display: grid; gap: 10px; }
.progress li { display: grid; grid-template-columns: 1fr auto; gap: 4px 12px; align-items: baseline; }
.progress .amount { color: var(--dim); font-variant-numeric: tabular-nums; }
.progress .done .step { color: var(--dim); }
progress {
  grid-column: 1 / -1; width: 100%; height: 4px; appearance: none; border: 0; border-radius: 2px; overflow: hidden;
  background: var(--line); color: var(--accent);
}
progress::-webkit-progress-bar { background: transparent; }
progress::-webkit-progress-value { background: var(--accent); border-radius: 2px; }
progress::-moz-progress-bar { background: var(--accent); }
progress:indeterminate { background: linear-gradient(90deg, var(--line), var(--accent), var(--line)); }

.strip {
  flex: none; display: flex; align-items: center; justify-content: space-between; gap: 14px;
  padding: 8px 10px 8px 14px; background: var(--chrome); border-top: 1px solid var(--line);
}
.typing {
  flex: none; display: flex; align-items: center; gap: 12px; padding: 5px 8px 5px 14px;
  background: var(--chrome); border-top: 1px solid var(--line); color: var(--dim); font-variant-numeric: tabular-nums;
}
.typing span { flex: none; }
.typing progress { flex: 1; min-width: 3rem; }
.typing button { flex: none; padding: 3px 12px; border-color: var(--line); color: var(--fg); }
.typing button:hover { background: var(--line); }

.strip p { margin: 0; color: var(--dim); }

.keys { display: none; flex: none; padding: 5px 8px; background: var(--chrome); border-top: 1px solid var(--line); }
@media (pointer: coarse) { .frame[data-state="running"] .keys { display: grid; gap: 4px; } }
.frame[data-state="running"] .keys[data-shown="yes"] { display: grid; gap: 4px; }
.frame .keys[data-shown="no"] { display: none; }
.row { display: flex; gap: 4px; }
.row.more { flex-wrap: wrap; }
.row.more button { flex: 1 0 2.9rem; }
.keys button { flex: 1; min-width: 0; height: 36px; background: var(--line); color: var(--fg); font-size: 12px; padding: 0; }
.keys button[data-locked] { box-shadow: inset 0 -4px 0 var(--on-accent); }
.soft { position: absolute; width: 1px; height: 1px; opacity: 0; border: 0; padding: 0; font-size: 16px; resize: none; }
.frame:not(:has(.stage[data-target="screen"])) :is(.show-soft, .soft) { display: none; }
.keys button[aria-pressed="true"] { background: var(--accent); color: var(--on-accent); }

@media (forced-colors: active) {
  .dot { background: CanvasText; }
  .dot[data-state="error"], .dot[data-state="paused"] { background: Mark; }
  .dot[data-state="running"], .dot[data-state="loading"] { background: Highlight; }
  .toolbar button[aria-disabled="true"] { opacity: 1; color: GrayText; }
  .keys button[aria-pressed="true"], .menu .items.chips button[aria-checked="true"], .panel .primary, .start .big { forced-color-adjust: none; background: Highlight; color: HighlightText; }
  .keys button[data-locked] { box-shadow: inset 0 -4px 0 HighlightText; }
  .screen:focus-visible { outline: 2px solid Highlight; outline-offset: -2px; }
  progress { border: 1px solid CanvasText; height: 6px; }
  progress::-webkit-progress-value { background: Highlight; }
  progress::-moz-progress-bar { background: Highlight; }
  .xterm { forced-color-adjust: none; }
}

/* No keyboard comes in where there are fingers only. */
@media (hover: none) and (pointer: coarse) { .leave { display: none; } }

@container (max-width: 34rem) {
  .status, .volume { display: none; }
  .toolbar button:is([data-action="scale"], [data-action="screenshot"]) { display: none; }
  .toolbar { gap: 8px; padding: 5px 6px; }
  .viewport { inset: 6px 0 4px 6px; }
  .strip { flex-wrap: wrap; }
}
@container (max-width: 25rem) {
  .stats { display: none; }
  .toolbar button[data-action="size"] { display: none; }
}
`;
