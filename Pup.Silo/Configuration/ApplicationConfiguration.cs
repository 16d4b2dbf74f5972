using Microsoft.Extensions.Configuration;

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
        var values = new Dictionary<string, SourcedValue>(StringComparer.OrdinalIgnoreCase)
        {
            // Callers outside the cluster have the application itself.
            [nameof(Clustering.ClusterSettings.Gateway)] = new("false", "The default"),
        };
        foreach (var (variable, name) in ConfigurationEnvironment.ShortNames)
            Add(name, configuration[variable], variable);
        foreach (var option in configuration.GetSection(Section).GetChildren().Where(option => !NestedSettings.Contains(option.Key)))
            Add(option.Key, option.Value ?? string.Join(',', option.GetChildren().Select(item => item.Value)), option.Path);
        Add(nameof(Grains.PupOptions.ConnectionString), connectionString, "The connection string");
        return ConfigurationLoader.Load(values, [], file: null);

        void Add(string name, string? value, string source)
        {
            if (!string.IsNullOrWhiteSpace(value))
                values[name] = new SourcedValue(value, source);
        }
    }
}
