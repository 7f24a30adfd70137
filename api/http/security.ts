import cors from 'cors';
import type { RequestHandler } from 'express';
import helmet from 'helmet';

/** Pages of ours use none of this. */
const PERMISSIONS_POLICY = [
  'camera',
  'display-capture',
  'geolocation',
  'microphone',
  'payment',
  'usb',
  'browsing-topics',
]
  .map((feature) => `${feature}=()`)
  .join(', ');

/**
 * The security headers of every answer. The content security policy is that of data, which loads nothing; pages widen it with `pagePolicy`.
 * Strict transport security is sent only where TLS is in front.
 */
export function securityHeaders({ overTls }: { overTls: boolean }): RequestHandler[] {
  const headers = helmet({
    contentSecurityPolicy: {
      useDefaults: false,
      directives: {
        defaultSrc: ["'none'"],
        baseUri: ["'none'"],
        formAction: ["'none'"],
        frameAncestors: ["'none'"],
      },
    },
    crossOriginOpenerPolicy: { policy: 'same-origin' },
    crossOriginResourcePolicy: { policy: 'same-origin' },
    frameguard: { action: 'deny' },
    originAgentCluster: true,
    permittedCrossDomainPolicies: { permittedPolicies: 'none' },
    // Not `no-referrer`: with it browsers send `Origin: null` along with our own login form, which then looks like another site's.
    referrerPolicy: { policy: 'same-origin' },
    strictTransportSecurity: overTls ? { maxAge: 31_536_000, includeSubDomains: true } : false,
  });
  const permissions: RequestHandler = (_request, response, next) => {
    response.setHeader('Permissions-Policy', PERMISSIONS_POLICY);
    next();
  };
  return [headers, permissions];
}

/**
 * The content security policy of pages: nothing but our own files. `styleElements` says which style elements may stand in the page beside
 * our own style sheets: a hash, or `'unsafe-inline'`.
 */
export function pagePolicy(styleElements: readonly string[]): RequestHandler {
  return helmet.contentSecurityPolicy({
    useDefaults: false,
    directives: {
      defaultSrc: ["'none'"],
      // Bull Board's page has a base element.
      baseUri: ["'self'"],
      connectSrc: ["'self'"],
      fontSrc: ["'self'"],
      formAction: ["'self'"],
      frameAncestors: ["'none'"],
      imgSrc: ["'self'", 'data:'],
      manifestSrc: ["'self'"],
      objectSrc: ["'none'"],
      scriptSrc: ["'self'"],
      scriptSrcAttr: ["'none'"],
      styleSrc: ["'self'", ...styleElements],
    },
  });
}

const PREFLIGHT_SECONDS = 600;

/**
 * Answers cross-origin requests of the listed origins only; to any other the API looks as if it knew nothing of CORS. Credentials are never
 * allowed: the API knows no cookies. A preflight costs less than its refusal would, so no rate limit counts it.
 */
export function allowOrigins(origins: readonly string[]): RequestHandler[] {
  const varyByOrigin: RequestHandler = (_request, response, next) => {
    response.vary('Origin');
    next();
  };
  const answerOrigin = cors({
    origin: (origin, decide) => {
      decide(null, origin !== undefined && origins.includes(origin) ? origin : false);
    },
    credentials: false,
    methods: ['GET', 'POST', 'PATCH', 'PUT', 'DELETE'],
    allowedHeaders: [
      'Authorization',
      'Content-Type',
      'Idempotency-Key',
      'If-None-Match',
      'Last-Event-ID',
      'X-Request-Id',
    ],
    exposedHeaders: ['ETag', 'Location', 'RateLimit', 'RateLimit-Policy', 'Retry-After', 'X-Request-Id'],
    maxAge: PREFLIGHT_SECONDS,
  });
  return [varyByOrigin, answerOrigin];
}
