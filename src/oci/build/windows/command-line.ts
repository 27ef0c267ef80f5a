/**
 * One argument as the C runtime of Windows takes it apart again (`CommandLineToArgvW`): in quotes when it holds a blank or
 * is empty; a quote gets a backslash, and so do the backslashes right before it, or before the closing one.
 */
export function quoteArgument(argument: string): string {
  const escaped = argument.replace(/(\\*)"/g, (_, backslashes: string) => `${backslashes}${backslashes}\\"`);
  if (argument !== '' && !/[ \t\n\v]/.test(argument)) return escaped;
  return `"${escaped.replace(/\\+$/, (backslashes) => backslashes + backslashes)}"`;
}
