import type { Report } from './report.js';
import { table } from './table.js';

const BEGIN = '<!-- figures: written by npm run bench -- --docs -->';
const END = '<!-- end of figures -->';

export function reportText({ title, method, blocks }: Report): string {
  return [`### ${title}`, method, ...blocks].join('\n\n');
}

/** Empty when nothing that was measured has a budget. */
export function budgetTable(reports: readonly Report[]): string {
  const budgets = reports.flatMap((report) => report.budgets);
  if (budgets.length === 0) return '';
  const rows = budgets.map(({ what, wanted, measured, isMet }) => [
    what,
    wanted,
    measured,
    isMet ? 'met' : '**missed**',
  ]);
  return table([['budget', 'wanted', 'measured', ''], ...rows]);
}

/** The document with what is between the two marks replaced. */
export function withFigures(document: string, figures: string): string {
  const begin = document.indexOf(BEGIN);
  const end = document.indexOf(END);
  if (begin === -1 || end < begin) throw new Error(`the document lacks the lines ${BEGIN} and ${END}`);
  return `${document.slice(0, begin)}${BEGIN}\n\n${figures}\n\n${document.slice(end)}`;
}
