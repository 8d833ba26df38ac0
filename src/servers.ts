/**
 * `pollux/servers`: servers to deploy, made of what the other doors have.
 *
 *     const server = await createStaticServer({ directory: 'public', listen: { port: 8080 } });
 *     const pool = { upstreams: [{ host: '10.0.0.1', port: 5432 }] };
 *     const proxy = await createProxy({ listen: { port: 5432 }, pool });
 *
 * @module pollux/servers
 */
export { createProxy, ProxyServer } from './servers/proxy/proxy-server.js';
export type { ProxySnapshot } from './servers/proxy/proxy-snapshot.js';
export type { BandwidthClassOptions, ProxyLimits, ProxyOptions, ProxyTimeouts } from './servers/proxy/proxy-options.js';
export type { AccessOptions, ProxyListenOptions } from './servers/proxy/listeners/listen-options.js';
export type { AccessRule, AccessVerdict } from './servers/proxy/access/access-list.js';
export type {
  HttpProxyCeilings,
  HttpProxyOptions,
  HttpProxyTimeouts,
  KeepAliveOptions,
} from './servers/proxy/http/http-options.js';
export type { HttpProxyCounters, HttpProxyPhase } from './servers/proxy/http/http-counters.js';
export type { HttpRouteOptions } from './servers/proxy/http/http-routes.js';
export type { Balance } from './servers/proxy/balancers/choice.js';
export type { ProxyProtocol } from './servers/proxy/introduction/proxy-protocol/own-header.js';
export type { RouteOptions } from './servers/proxy/introduction/routes.js';
export type { ProxyDrainOptions, ProxyDrainResult } from './servers/proxy/session/draining.js';
export type { ListenerSnapshot } from './servers/proxy/listeners/entrance.js';
export type { CheckOptions } from './servers/proxy/health/check-options.js';
export type { DnsOptions } from './servers/proxy/upstreams/dns-options.js';
export type { HealthState } from './servers/proxy/health/health-states.js';
export type { ConnectionLogOptions } from './servers/proxy/session/connection-log.js';
export type { RefusalReason, SessionOutcome, SessionRecord } from './servers/proxy/session/session-record.js';
export type { ProxyBytes } from './servers/proxy/session/tally.js';
export type { HealthOptions, PoolOptions } from './servers/proxy/upstreams/pool-options.js';
export type { UpstreamOptions } from './servers/proxy/upstreams/upstream-options.js';
export type { UpstreamSnapshot } from './servers/proxy/upstreams/upstream.js';
export type { HttpCeilings, HttpTimeouts } from './servers/http/http-options.js';
export { HttpRequest } from './servers/http/http-request.js';
export { HttpResponse, type FileBody } from './servers/http/http-response.js';
export { RequestBody } from './servers/http/request-body.js';
export type { Fields } from './servers/http/response-head.js';
export type { AccessLogOptions } from './servers/http/access-log.js';
export type { LineSink } from './servers/http/line-sink.js';
export { exposeMetrics, exposeStatusPage, type Monitor, type MonitorOptions } from './servers/monitor/expose.js';
export type { MonitorAddresses } from './servers/monitor/monitors.js';
export type { MonitorPlace } from './servers/monitor/place.js';
export { serverReports, workerReports, type Reports } from './servers/monitor/reports.js';
export type { BytePath, RequestCounts, ServerReport, ThreadReport } from './servers/monitor/server-report.js';
export type { FieldRule } from './servers/serve/cache-rules.js';
export type { CertificateOptions } from './servers/serve/certificate.js';
export type { Cors } from './servers/serve/cors.js';
export type { StaticServerCounters } from './servers/serve/counters.js';
export type { FileCacheOptions } from './servers/serve/file-cache.js';
export type { Redirect } from './servers/serve/redirects.js';
export type { RouteHandler } from './servers/serve/routes.js';
export type { ServedPlace, StaticServerOptions } from './servers/serve/server-options.js';
export type { PlaceOptions } from './servers/places/place-options.js';
export type { SiteOptions } from './servers/serve/site-options.js';
export { createStaticServer, StaticServer, type StaticDrainOptions } from './servers/serve/static-server.js';
