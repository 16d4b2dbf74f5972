using System.Net;
using Pup.Silo.Configuration;

namespace Pup.Silo.Web;

/// <summary>Where to listen.</summary>
internal static class HttpAddress
{
    /// <exception cref="ConfigurationException">It is no address with a port.</exception>
    public static IPEndPoint Parse(string text)
    {
        var address = text.StartsWith("localhost:", StringComparison.OrdinalIgnoreCase) ? "127.0.0.1" + text["localhost".Length..] : text;
        // Without its port "8080" would be an address, and so would "::1:8080".
        var colon = address.LastIndexOf(':');
        return colon > 0 && (address[colon - 1] == ']' || address.IndexOf(':', StringComparison.Ordinal) == colon) && IPEndPoint.TryParse(address, out var endpoint)
            ? endpoint
            : throw new ConfigurationException($"{nameof(HttpSettings.Http)} is '{text}', but must be an address with a port, such as 127.0.0.1:8080, 0.0.0.0:8080 or [::1]:8080.");
    }
}
