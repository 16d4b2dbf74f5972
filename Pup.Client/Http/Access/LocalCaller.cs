using System.Net;
using Microsoft.AspNetCore.Http;

namespace Pup.Client.Http.Access;

/// <summary>
/// Whether a call was made on this machine for itself. A loopback address alone does not say so: a proxy on the machine has one as well,
/// and so has the browser that follows a foreign name to 127.0.0.1.
/// </summary>
internal static class LocalCaller
{
    private static readonly string[] _prefixes = ["X-Forwarded", "X-Original-"];

    private static readonly HashSet<string> _names = new(StringComparer.OrdinalIgnoreCase)
    {
        "Forwarded", "Via", "X-Real-IP", "X-Client-IP", "X-Cluster-Client-IP", "True-Client-IP", "CF-Connecting-IP", "Fastly-Client-IP", "X-Envoy-External-Address",
    };

    public static bool Is(HttpContext context) =>
        context.Connection.RemoteIpAddress is { } remote && IPAddress.IsLoopback(remote)
        && IsLoopback(context.Request.Host.Host)
        && !context.Request.Headers.Keys.Any(IsOfProxy)
        && !ForeignSite.Sent(context.Request);

    private static bool IsLoopback(string host) =>
        host.Equals("localhost", StringComparison.OrdinalIgnoreCase) || (IPAddress.TryParse(host, out var address) && IPAddress.IsLoopback(address));

    private static bool IsOfProxy(string header) =>
        _names.Contains(header) || _prefixes.Any(prefix => header.StartsWith(prefix, StringComparison.OrdinalIgnoreCase));
}
