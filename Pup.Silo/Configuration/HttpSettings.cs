using System.ComponentModel.DataAnnotations;

namespace Pup.Silo.Configuration;

/// <summary>What <c>pup run</c> serves over HTTP. Every one can be set by <c>Pup__Name</c> in the environment, or by a flag.</summary>
internal sealed class HttpSettings
{
    /// <summary>Address and port, such as 127.0.0.1:8080 or 0.0.0.0:8080; port 0 picks one, and the log says which. Default: none, no HTTP.</summary>
    public string Http { get; set; } = "";

    /// <summary>A JSON file with API keys, read again when it changes. Default: none.</summary>
    public string ApiKeyFile { get; set; } = "";

    /// <summary>The lag beyond which a projection is unhealthy, unless it has a threshold of its own. Default: 10,000.</summary>
    [Range(0, long.MaxValue)]
    public long LagThreshold { get; set; } = 10_000;
}
