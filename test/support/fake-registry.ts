import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { gunzipSync } from 'node:zlib';

export interface Advisory {
  id: number;
  url: string;
  title: string;
  severity: 'low' | 'moderate' | 'high' | 'critical';
  vulnerable_versions: string;
  cwe: string[];
  cvss: { score: number; vectorString: string | null };
}

export interface FakeRegistry {
  url: string;
  /** What the clients asked about: name and versions. */
  asked: Record<string, string[]>[];
  close: () => Promise<void>;
}

/**
 * Speaks as much of a package registry's protocol as `npm audit` needs: the bulk advisories, and the list of a package's versions.
 * Without `advisories` it is a registry that has no such endpoint.
 */
export async function startFakeRegistry(
  versions: Record<string, readonly string[]>,
  advisories: Record<string, readonly Advisory[]> | null,
): Promise<FakeRegistry> {
  const asked: Record<string, string[]>[] = [];
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const answer = (status: number, body: unknown): void => {
        response.writeHead(status, { 'Content-Type': 'application/json' }).end(JSON.stringify(body));
      };
      const name = decodeURIComponent(request.url ?? '').slice(1);
      if (request.method === 'POST' && name === '-/npm/v1/security/advisories/bulk' && advisories !== null) {
        const isZipped = request.headers['content-encoding'] === 'gzip';
        const body = isZipped ? gunzipSync(Buffer.concat(chunks)) : Buffer.concat(chunks);
        const packages = JSON.parse(body.toString()) as Record<string, string[]>;
        asked.push(packages);
        answer(200, Object.fromEntries(Object.entries(advisories).filter(([key]) => Object.hasOwn(packages, key))));
      } else if (request.method === 'GET' && versions[name] !== undefined) {
        answer(200, {
          name,
          versions: Object.fromEntries(versions[name].map((version) => [version, { name, version, dependencies: {} }])),
        });
      } else {
        answer(request.method === 'POST' ? 405 : 404, { error: 'there is no such thing here' });
      }
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    asked,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
