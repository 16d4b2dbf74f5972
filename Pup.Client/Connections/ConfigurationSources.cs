using Microsoft.Extensions.Configuration;

namespace Pup.Client.Connections;

/// <summary>
/// An application's configuration, source by source. Where an option has two names, such as DATABASE_URL and <c>Pup:ConnectionString</c>, the
/// stronger source decides, whichever name it uses; the configuration as a whole would let one name go over the other.
/// </summary>
internal static class ConfigurationSources
{
    private const string Section = "Pup";

    /// <summary>The weakest source first, each with its section <c>Pup</c> and these names.</summary>
    public static IReadOnlyList<IConfiguration> Of(IConfiguration configuration, params IEnumerable<string> names) => configuration is IConfigurationRoot root
        ? [.. root.Providers.Select(provider => Of(provider, names))]
        : [configuration];

    private static IConfigurationRoot Of(IConfigurationProvider provider, IEnumerable<string> names)
    {
        var values = new Dictionary<string, string?>(StringComparer.OrdinalIgnoreCase);
        foreach (var name in names)
            Add(name);
        AddBelow(Section);
        return new ConfigurationBuilder().AddInMemoryCollection(values).Build();

        void AddBelow(string path)
        {
            foreach (var key in provider.GetChildKeys([], path).Distinct(StringComparer.OrdinalIgnoreCase))
            {
                var child = ConfigurationPath.Combine(path, key);
                Add(child);
                AddBelow(child);
            }
        }

        void Add(string path)
        {
            if (provider.TryGet(path, out var value))
                values[path] = value;
        }
    }
}
