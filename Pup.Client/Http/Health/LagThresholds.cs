using System.Globalization;
using Microsoft.Extensions.Configuration;

namespace Pup.Client.Http.Health;

/// <summary>From which lag on a projection is unhealthy, as it is configured now.</summary>
internal sealed class LagThresholds(IConfiguration configuration)
{
    public const long Default = 10_000;
    private const string One = "Pup:LagThresholds:";
    private const string All = "Pup:LagThreshold";

    /// <exception cref="FormatException">What is configured is no number.</exception>
    public long Of(string projection) => Read(One + projection) ?? Read(All) ?? Default;

    /// <exception cref="FormatException">What is configured is no number.</exception>
    public void Check()
    {
        Read(All);
        foreach (var threshold in configuration.GetSection(One.TrimEnd(':')).GetChildren())
            Read(threshold.Path);
    }

    private long? Read(string path) =>
        configuration[path] is not { Length: > 0 } text ? null
        : long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var threshold) ? threshold
        : throw new FormatException($"{path} is '{text}', but must be a number of positions.");
}
