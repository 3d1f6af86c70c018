import { createNoopMeter, metrics, ProxyTracerProvider, trace } from '@opentelemetry/api';

/** The scope of the gateway's own spans and metrics. */
export const INSTRUMENTATION = 'lockstep-gateway';

/** Whether an SDK has been registered. Where none has, requests pass by what would observe them. */
export function isObserved(): boolean {
  const provider = trace.getTracerProvider();
  const traces =
    !(provider instanceof ProxyTracerProvider) || provider.getDelegateTracer(INSTRUMENTATION) !== undefined;
  return traces || metrics.getMeter(INSTRUMENTATION) !== createNoopMeter();
}

/** Methods of MCP, and what others are called: a name that a client makes up is no attribute. */
const METHODS: ReadonlySet<string> = new Set([
  'completion/complete',
  'elicitation/create',
  'initialize',
  'logging/setLevel',
  'notifications/cancelled',
  'notifications/initialized',
  'notifications/message',
  'notifications/progress',
  'notifications/prompts/list_changed',
  'notifications/resources/list_changed',
  'notifications/resources/updated',
  'notifications/roots/list_changed',
  'notifications/tools/list_changed',
  'ping',
  'prompts/get',
  'prompts/list',
  'resources/list',
  'resources/read',
  'resources/subscribe',
  'resources/templates/list',
  'resources/unsubscribe',
  'roots/list',
  'sampling/createMessage',
  'server/discover',
  'subscriptions/listen',
  'tools/call',
  'tools/list',
]);

/** A method's name as an attribute. */
export function methodName(method: string): string {
  return METHODS.has(method) ? method : '_OTHER';
}
