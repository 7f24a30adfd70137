import { describe, expect, test } from '@jest/globals';
import { fc } from '../support/property.ts';
import { redactSecrets } from '../../worker/review/redaction.ts';
import { linesOf } from '../../worker/review/sanitise.ts';

// Put together here, so that nobody's scanner takes this file for a leak.
const word = (...parts: string[]) => parts.join('');
const HEX = '0123456789abcdef0123456789abcdef';
const RANDOM = 'q7Zk2Lm9Xv4Bn8Rt1Wp6Ys3Dc5Fg0Hj';

const SECRETS: [name: string, line: string, secret: string, kind: string][] = [
  ['an AWS key', `const k = "${word('AK', 'IAIOSFODNN7EXAMPLE')}";`, word('AK', 'IAIOSFODNN7EXAMPLE'), 'api_key'],
  ['a key of a model provider', `client("${word('sk', '-proj-', RANDOM)}")`, word('sk', '-proj-', RANDOM), 'api_key'],
  ['a payment key', `x = '${word('sk', '_live_', RANDOM)}'`, word('sk', '_live_', RANDOM), 'api_key'],
  ['a Google key', `x = '${word('AI', 'zaSy', RANDOM)}'`, word('AI', 'zaSy', RANDOM), 'api_key'],
  ['a GitHub token in a comment', `// ${word('gh', 'p_', RANDOM)}`, word('gh', 'p_', RANDOM), 'token'],
  ['a Slack token', `x = "${word('xo', 'xb-', '123456789012-', RANDOM)}"`, RANDOM, 'token'],
  ['a JWT', `x = "${word('ey', 'JhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.', RANDOM)}"`, 'eyJzdWIiOiIxIn0', 'token'],
  ['a bearer token', `headers = { Authorization: "Bearer ${RANDOM}" }`, RANDOM, 'token'],
  [
    'a connection string',
    `connect("postgres://jane:hunter2@db.example.org:5432/app")`,
    'jane:hunter2',
    'connection_string',
  ],
  [
    'a connection string without a user',
    `connect("redis://:hunter2hunter@cache/0")`,
    ':hunter2hunter',
    'connection_string',
  ],
  ['a password', `const DB_PASSWORD = 'correct-horse';`, 'correct-horse', 'assigned_secret'],
  ['a password as a property', `{ "password": "correct-horse" }`, 'correct-horse', 'assigned_secret'],
  ['a password with a type', `const password: string = "correct-horse"`, 'correct-horse', 'assigned_secret'],
  ['a password in Python', `os.environ["DB_PASSWD"] = "correct-horse"`, 'correct-horse', 'assigned_secret'],
  ['a random value of a secret name', `const apiKey = "${HEX}";`, HEX, 'assigned_secret'],
  [
    'an address in a text',
    `const from = "jane.doe+test@mail.example.org";`,
    'jane.doe+test@mail.example.org',
    'email_address',
  ],
  ['an address in a comment', '// by Jane Doe <jane@example.org>', 'jane@example.org', 'email_address'],
  ['an address in letters of others', '// пишите: иван@почта.рф', 'почта', 'email_address'],
];

describe('redaction', () => {
  test.each(SECRETS)('takes out %s', (_, line, secret, kind) => {
    const code = `first();\n${line}\nlast();`;
    const { code: redacted, redactions } = redactSecrets(code, 'javascript');
    expect(redacted).not.toContain(secret);
    expect(redactions).toContainEqual({ kind, line: 2 });
    expect(linesOf(redacted).map((each) => each.length)).toEqual(linesOf(code).map((each) => each.length));
    expect(linesOf(redacted)[0]).toBe('first();');
    expect(linesOf(redacted)[2]).toBe('last();');
  });

  test('takes out a private key over its lines, even one without an end', () => {
    const body = `${RANDOM}\n${RANDOM}`;
    const key = (end: string) => `x = """${word('-----BEGIN RSA PRIVATE ', 'KEY-----')}\n${body}\n${end}"""`;
    for (const end of [word('-----END RSA PRIVATE ', 'KEY-----'), '']) {
      const { code, redactions } = redactSecrets(key(end), 'python');
      expect(code).not.toContain(RANDOM);
      expect(redactions).toEqual([{ kind: 'private_key', line: 1 }]);
      expect(linesOf(code)).toHaveLength(4);
    }
  });

  test.each([
    ['javascript', 'const tokens = "a b c".split(" "); const token = "identifier"; const password = "";'],
    ['javascript', 'const key = "the quick brown fox"; const secretSanta = "Someone nice";'],
    ['python', 'product = weights@matrix.transpose @ other@x.inv'],
    ['python', '@dataclass\nclass A: pass'],
    ['javascript', 'const url = "https://example.org:8080/path?x=1";'],
    ['sql', "SELECT token FROM words WHERE token = 'while_statement'"],
  ] as const)('leaves ordinary code alone: %s %s', (language, code) => {
    expect(redactSecrets(code, language)).toEqual({ code, redactions: [] });
  });

  test('keeps every line as long as it was, and does nothing the second time', () => {
    const part = fc.constantFrom(
      ...SECRETS.map(([, line]) => line),
      '\n',
      '\r\n',
      '"',
      "'",
      'password = "',
      'token:',
      '@',
      '://',
      ':',
      ' ',
      '-----BEGIN PRIVATE KEY-----',
      '-----END',
      '****',
    );
    fc.assert(
      fc.property(fc.array(fc.oneof(part, fc.string({ maxLength: 5 })), { maxLength: 12 }), (parts) => {
        const code = parts.join('');
        const once = redactSecrets(code, 'javascript').code;
        expect(linesOf(once).map((line) => line.length)).toEqual(linesOf(code).map((line) => line.length));
        expect(redactSecrets(once, 'javascript').code).toBe(once);
      }),
      {
        examples: [
          [['/', 'connect("redis://:hunter2hunter@cache/0")', 'const from = "jane.doe+test@mail.example.org";']],
        ],
      },
    );
  });

  test('comes to an end with 64 KB made to be slow', () => {
    for (const part of [
      'a',
      'a.',
      'a@',
      'x://',
      'token',
      'password="',
      'eyJa',
      '-----BEGIN ',
      'secret = ',
      'Bearer ',
      '"a@b.',
    ]) {
      const code = part.repeat(65_536 / part.length);
      expect(redactSecrets(code, 'javascript').code).toHaveLength(code.length);
    }
  });
});
