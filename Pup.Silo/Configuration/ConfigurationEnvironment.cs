namespace Pup.Silo.Configuration;

/// <summary>What the environment says: <c>Pup__Name</c> for every option, and the short names that pupsourcing's guide uses.</summary>
internal static class ConfigurationEnvironment
{
    private const string Prefix = "Pup__";

    /// <summary>Names without a prefix, and the options that they stand for.</summary>
    public static IReadOnlyList<(string Variable, string Name)> ShortNames { get; } =
    [
        ("DATABASE_URL", nameof(Grains.PupOptions.ConnectionString)),
        ("TOTAL_PARTITIONS", nameof(Grains.PupOptions.TotalPartitions)),
        ("BATCH_SIZE", nameof(Grains.PupOptions.BatchSize)),
        ("PROJECTION_NAME", ConfigurationLoader.Projections),
        ("WORKERS", ConfigurationLoader.GuideWorkers),
        ("PARTITION_KEY", ConfigurationLoader.PartitionKey),
        ("POD_IP", nameof(Clustering.ClusterSettings.AdvertisedAddress)),
    ];

    /// <summary>Name to value. Where both names of one option are set, <c>Pup__Name</c>, being unmistakable, wins.</summary>
    public static Dictionary<string, SourcedValue> Read(IEnumerable<KeyValuePair<string, string>> environment)
    {
        var values = new Dictionary<string, SourcedValue>(StringComparer.OrdinalIgnoreCase);
        var all = environment.Where(v => !string.IsNullOrWhiteSpace(v.Value)).ToArray();
        foreach (var (variable, name) in ShortNames)
        {
            if (all.FirstOrDefault(v => v.Key == variable) is { Key: not null } found)
                values[name] = new SourcedValue(found.Value, $"Environment variable {variable}");
        }

        foreach (var (variable, value) in all.Where(v => v.Key.StartsWith(Prefix, StringComparison.OrdinalIgnoreCase)))
            values[variable[Prefix.Length..]] = new SourcedValue(value, $"Environment variable {variable}");
        return values;
    }
}
