/** Images of others that stacks use. Pinned: a newer one is tried before it is used. */
export const IMAGES = {
  exporter: 'oliver006/redis_exporter:v1.89.0',
  prometheus: 'prom/prometheus:v3.10.0',
  probe: 'prom/blackbox-exporter:v0.27.0',
  grafana: 'grafana/grafana:12.4.0',
  rclone: 'rclone/rclone:1.71.2',
  haproxy: 'haproxy:3.2',
} as const;
