using Microsoft.AspNetCore.Http;

namespace Pup.Client.Http.Access;

/// <summary>Whether a page of another site made the browser send this.</summary>
internal static class ForeignSite
{
    private const string FetchSite = "Sec-Fetch-Site";

    public static bool Sent(HttpRequest request) =>
        request.Headers[FetchSite].Any(static site => site is "cross-site" or "same-site")
        || request.Headers.Origin.Any(origin => !IsOwn(origin, request.Host));

    // By host and port: behind a proxy that ends TLS the scheme differs.
    private static bool IsOwn(string? origin, HostString own) =>
        Uri.TryCreate(origin, UriKind.Absolute, out var site)
        && site.Host.Equals(own.Host, StringComparison.OrdinalIgnoreCase)
        && site.Port == (own.Port ?? (site.Scheme == Uri.UriSchemeHttps ? 443 : 80));
}
