// Prints `N passed, N failed` from vitest's report; the last line of a run on a build machine.
import { readFileSync } from 'node:fs';

interface Report {
  readonly numPassedTests: number;
  readonly numFailedTests: number;
  readonly numFailedTestSuites: number;
  readonly testResults: readonly { readonly status: string; readonly assertionResults: readonly unknown[] }[];
}

try {
  const report = JSON.parse(readFileSync('node_modules/.cache/test-report.json', 'utf8')) as Report;
  // A file that fails to load has no tests to fail: it counts as one.
  const brokenFiles = report.testResults.filter(
    (file) => file.status === 'failed' && file.assertionResults.length === 0,
  );
  process.stdout.write(`${report.numPassedTests} passed, ${report.numFailedTests + brokenFiles.length} failed\n`);
} catch {
  process.stdout.write('0 passed, 1 failed\n');
}
