using Microsoft.Extensions.Configuration;
using Pup.Client.Connections;

namespace Pup.Silo.Configuration;

/// <summary>
/// What the configuration of an application that hosts a silo says: its section <c>Pup</c>, whatever file, variable or flag that came
/// from, and the short names of the environment.
/// </summary>
internal static class ApplicationConfiguration
{
    private const string Section = "Pup";

    /// <param name="configuration">The application's.</param>
    /// <param name="connectionString">The database, when the application's code says it.</param>
    /// <exception cref="ConfigurationException">Something said cannot be meant.</exception>
    public static SiloConfiguration Read(IConfiguration configuration, string? connectionString)
    {
        List<IReadOnlyDictionary<string, SourcedValue>> layers =
        [
            // Callers outside the cluster have the application itself.
            new Dictionary<string, SourcedValue> { [nameof(Clustering.ClusterSettings.Gateway)] = new("false", "The default") },
            ConfigurationFile.Read(null),
            .. ConfigurationSources.Of(configuration, ConfigurationEnvironment.ShortNames.Select(static name => name.Variable)).Select(LayerOf),
        ];
        if (!string.IsNullOrWhiteSpace(connectionString))
            layers.Add(new Dictionary<string, SourcedValue> { [nameof(Grains.PupOptions.ConnectionString)] = new(connectionString, "The connection string") });
        return ConfigurationLoader.Load(layers, inContainer: false);
    }

    private static Dictionary<string, SourcedValue> LayerOf(IConfiguration source)
    {
        var values = new Dictionary<string, SourcedValue>(StringComparer.OrdinalIgnoreCase);
        foreach (var (variable, name) in ConfigurationEnvironment.ShortNames)
            Add(name, source[variable], variable);
        foreach (var option in source.GetSection(Section).GetChildren().Where(option => !NestedSettings.Contains(option.Key)))
            Add(option.Key, option.Value ?? string.Join(',', option.GetChildren().Select(item => item.Value)), option.Path);
        return values;

        void Add(string name, string? value, string from)
        {
            if (!string.IsNullOrWhiteSpace(value))
                values[name] = new SourcedValue(value, from);
        }
    }
}
