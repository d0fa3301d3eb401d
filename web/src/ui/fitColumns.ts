import { useLayoutEffect, useRef, type RefObject } from "react";

// Columns have the same widths in all rows, until that would cut a text in a row that has room elsewhere: there the
// columns with room to spare give it to those that lack it.

const MOST_PX = 4000;
// The longest name of a project, a branch or a person that a path or a comment makes room for, and what is left to them.
const NAME_PX = 240;
const LEAST_PX = 150;

/**
 * The widths of a row's columns, from those of all rows and from what is in this one; null where nothing is cut. Where
 * room is short for all, the columns that give way do, for short names are worth more than the middle of a path.
 */
export function fitted(
  common: readonly number[],
  wanted: readonly number[],
  givesWay: readonly boolean[] = [],
): number[] | null {
  const lacks = wanted.map((want, index) => Math.max(0, Math.min(want, MOST_PX) - common[index]!));
  const spares = wanted.map((want, index) => Math.max(0, common[index]! - want));
  const lack = sum(lacks);
  const spare = sum(spares);
  if (lack < 0.5) return null;
  const moved = Math.min(lack, spare);
  const widths = common.map((width, index) => (spare ? width - spares[index]! * (moved / spare) : width));
  // Those that lack least come first: a short word is shown whole before a long one is shown longer.
  const order = lacks.map((_, index) => index).sort((a, b) => lacks[a]! - lacks[b]!);
  let left = moved;
  for (const index of order) {
    const given = Math.min(lacks[index]!, left);
    widths[index]! += given;
    left -= given;
  }
  for (const index of order) {
    if (givesWay[index]) continue;
    const rooms = widths.map((width, other) => (givesWay[other] ? Math.max(0, width - LEAST_PX) : 0));
    const room = sum(rooms);
    const given = Math.min(Math.min(wanted[index]!, NAME_PX) - widths[index]!, room);
    if (given <= 0) continue;
    widths.forEach((width, other) => (widths[other] = width - (rooms[other]! * given) / room));
    widths[index]! += given;
  }
  return widths.some((width, index) => Math.abs(width - common[index]!) >= 0.5) ? widths : null;
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, one) => total + one, 0);
}

const rows = new Set<HTMLElement>();
const due = new Set<HTMLElement>();

/** All that are due at once, so that the browser lays them out twice and not twice for each. */
function fitDue(): void {
  const some = [...due].filter((row) => row.isConnected);
  due.clear();
  for (const row of some) row.style.gridTemplateColumns = `repeat(${row.children.length}, max-content)`;
  const wanted = some.map(wantedBy);
  for (const row of some) row.style.gridTemplateColumns = "";
  const common = some.map(widthsOf);
  some.forEach((row, index) => {
    const gives = [...row.children].map((cell) => cell.hasAttribute("data-gives"));
    const widths = fitted(common[index]!, wanted[index]!, gives);
    if (widths) row.style.gridTemplateColumns = widths.map((width) => `${width.toFixed(2)}px`).join(" ");
  });
}

/** As `widthsOf`; what is not shown in a window as narrow as this wants nothing. */
function wantedBy(row: HTMLElement): number[] {
  const cells = [...row.children];
  return widthsOf(row).map((width, index) => (getComputedStyle(cells[index]!).visibility === "hidden" ? 0 : width));
}

/** Up to the next quarter of a pixel: a text that lacks a fraction of one is cut too. */
function widthsOf(row: HTMLElement): number[] {
  return [...row.children].map((cell) => Math.ceil(cell.getBoundingClientRect().width * 4) / 4);
}

function fitSoon(row: HTMLElement): void {
  if (due.size === 0) queueMicrotask(fitDue);
  due.add(row);
}

function fitAll(): void {
  rows.forEach(fitSoon);
}

const resized = typeof ResizeObserver === "undefined" ? null : new ResizeObserver(fitAll);
if (typeof document !== "undefined") document.fonts?.addEventListener("loadingdone", fitAll);

/** Fit the columns of a row that is a grid, whenever it is drawn and whenever its width changes. */
export function useFittedColumns(): RefObject<HTMLDivElement | null> {
  const row = useRef<HTMLDivElement>(null);
  useLayoutEffect(() => {
    if (row.current) fitSoon(row.current);
  });
  useLayoutEffect(() => {
    const its = row.current;
    if (!its) return;
    rows.add(its);
    const list = its.closest("[role=table]");
    // Once for a list: its rows are as wide as it is.
    if (list) resized?.observe(list);
    return () => void rows.delete(its);
  }, []);
  return row;
}
