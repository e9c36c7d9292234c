// BASE is the path below the host, ORIGINS the origins whose server actions Next accepts.
const origins = (process.env.ORIGINS ?? "").split(" ").filter(Boolean);

export default {
  basePath: process.env.BASE || undefined,
  distDir: process.env.DIST,
  experimental: { serverActions: { allowedOrigins: origins } },
};
