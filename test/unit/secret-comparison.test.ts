import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from '@jest/globals';
import ts from 'typescript';

const ROOT = join(dirname(fileURLToPath(import.meta.url)), '../..');
/** Names of what an attacker could guess piece by piece if a comparison took the longer the more of it is right. */
const SECRET = /(token|secret|password|otp|passcode|recoveryCode|hash|digest|signature|mac|credential)$/i;

/** What is compared so although its name sounds like a secret, and why that tells nobody anything. */
const HARMLESS: Record<string, string> = {
  'newPassword === currentPassword': 'both were sent by the same client',
  'owner.password_hash !== user.password_hash': 'both were read from the same row, at two moments',
  'values[other] === secret': 'compared with each other at the start, where nobody asks',
  'payload === this.#awaitedHeartbeat?.token': 'no secret: it tells our own notification from those of other processes',
  'chainHash(row.previous_hash, bodyOf(row)) !== row.hash': 'whoever verifies the audit log can read its hashes',
  'row.previous_hash !== lastHash': 'likewise',
  'notedHash === row.hash': 'likewise',
  'row.previous_hash === GENESIS_HASH': 'likewise',
};

interface Comparison {
  where: string;
  text: string;
}

const isConstant = (node: ts.Node): boolean =>
  ts.isLiteralExpression(node) ||
  node.kind === ts.SyntaxKind.NullKeyword ||
  node.kind === ts.SyntaxKind.TrueKeyword ||
  node.kind === ts.SyntaxKind.FalseKeyword ||
  (ts.isIdentifier(node) && node.text === 'undefined');

const nameOf = (node: ts.Node): string => {
  if (ts.isIdentifier(node)) return node.text;
  if (ts.isPropertyAccessExpression(node)) return node.name.text;
  if (ts.isElementAccessExpression(node) && ts.isStringLiteral(node.argumentExpression))
    return node.argumentExpression.text;
  return '';
};

/** Comparisons in the code that end at the first difference and have a secret on one side. */
function revealingComparisons(file: string, code: string): Comparison[] {
  const source = ts.createSourceFile(file, code, ts.ScriptTarget.Latest);
  const found: Comparison[] = [];
  const judge = (node: ts.Node, sides: readonly ts.Node[]): void => {
    if (sides.some((side) => SECRET.test(nameOf(side))) && !sides.some(isConstant)) {
      found.push({ where: file, text: node.getText(source) });
    }
  };
  const visit = (node: ts.Node): void => {
    if (ts.isBinaryExpression(node) && /^[!=]==?$/.test(node.operatorToken.getText(source))) {
      judge(node, [node.left, node.right]);
    }
    if (ts.isCallExpression(node) && ts.isPropertyAccessExpression(node.expression)) {
      const { name, expression: receiver } = node.expression;
      if (['equals', 'startsWith', 'endsWith', 'localeCompare', 'compare'].includes(name.text))
        judge(node, [receiver, ...node.arguments]);
    }
    ts.forEachChild(node, visit);
  };
  visit(source);
  return found;
}

describe('the comparison of secrets', () => {
  test('is recognised by this suite where it would reveal something', () => {
    const code = `a.token === sent; given !== expectedHash; digest.equals(other); token === undefined; kind === 'token'; 'x' === secret`;
    expect(revealingComparisons('x.ts', code).map(({ text }) => text)).toEqual([
      'a.token === sent',
      'given !== expectedHash',
      'digest.equals(other)',
    ]);
  });

  test('never ends at the first difference: secrets are looked up by hash or compared in constant time', () => {
    const files = ['api', 'shared'].flatMap((folder) =>
      readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' })
        .filter((file) => file.endsWith('.ts'))
        .map((file) => join(folder, file)),
    );
    expect(files.length).toBeGreaterThan(100);
    const found = files
      .flatMap((file) => revealingComparisons(file, readFileSync(join(ROOT, file), 'utf8')))
      .filter(({ text }) => HARMLESS[text] === undefined);
    expect(found).toEqual([]);
  });
});
