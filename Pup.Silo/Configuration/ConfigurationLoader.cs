using Pup.Grains;
using Pup.Silo.Clustering;

namespace Pup.Silo.Configuration;

/// <summary>Flags over environment over file, for every option. Pure, save for reading the file.</summary>
internal static class ConfigurationLoader
{
    public const string Projections = "Projections";
    public const string PartitionKey = "PartitionKey";
    public const string LogFormat = "LogFormat";
    public const string LogLevel = "LogLevel";

    /// <summary>
    /// The guide's <c>WORKERS</c> and <c>--workers</c>: the partitions of the projections named beside it or, without a
    /// name, how many partitions this silo commits at once.
    /// </summary>
    public const string GuideWorkers = "GuideWorkers";

    public const string PartitionKeyNote = "partitions are placed by the cluster; PARTITION_KEY is ignored";

    private static readonly string[] Others = [Projections, PartitionKey, GuideWorkers, LogFormat, LogLevel];

    public static SiloConfiguration Load(
        IReadOnlyDictionary<string, SourcedValue> flags,
        IEnumerable<KeyValuePair<string, string>> environment,
        string? file) => Load([ConfigurationFile.Read(file), ConfigurationEnvironment.Read(environment), flags], InContainer(environment));

    /// <param name="layers">Name to value; later layers win.</param>
    /// <param name="inContainer">Whether log lines are JSON unless somebody says otherwise.</param>
    public static SiloConfiguration Load(IReadOnlyList<IReadOnlyDictionary<string, SourcedValue>> layers, bool inContainer)
    {
        var projections = layers.LastOrDefault(static layer => layer.ContainsKey(Projections)) is { } named ? SplitNames(named[Projections].Text) : [];
        var values = new Dictionary<string, SourcedValue>(StringComparer.OrdinalIgnoreCase);
        foreach (var layer in layers)
            Merge(layer.TryGetValue(GuideWorkers, out var workers) ? WithGuideWorkers(layer, workers, projections) : layer, values);
        var nested = NestedSettings.TakeFrom(values);
        RefuseUnknown(values);

        return new SiloConfiguration(
            Read(Setting.OfEngine, new PupOptions(), values), projections, values.ContainsKey(PartitionKey) ? [PartitionKeyNote] : [])
        {
            Cluster = Read(Setting.OfCluster, new ClusterSettings(), values),
            Http = Read(Setting.OfHttp, new HttpSettings(), values),
            Nested = nested,
            LogJson = Choice(values, LogFormat, inContainer ? LogFormats.Json : LogFormats.Text) == LogFormats.Json,
            LogLevel = Choice(values, LogLevel, Microsoft.Extensions.Logging.LogLevel.Information),
        };
    }

    public static string[] SplitNames(string list) =>
        list.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);

    // .NET's own images say so. There, lines are collected by programs, and each must be one line.
    private static bool InContainer(IEnumerable<KeyValuePair<string, string>> environment) =>
        environment.Any(static variable => variable.Key == "DOTNET_RUNNING_IN_CONTAINER" && string.Equals(variable.Value, "true", StringComparison.OrdinalIgnoreCase));

    private static TOptions Read<TOptions>(IEnumerable<Setting> settings, TOptions into, Dictionary<string, SourcedValue> values)
        where TOptions : class
    {
        foreach (var setting in settings)
        {
            if (values.TryGetValue(setting.Name, out var value))
                setting.Apply(into, value);
        }

        return into;
    }

    // In its own layer: what a stronger one says of the same option goes over it, and it over a weaker one.
    private static Dictionary<string, SourcedValue> WithGuideWorkers(IReadOnlyDictionary<string, SourcedValue> layer, SourcedValue workers, string[] projections)
    {
        var values = new Dictionary<string, SourcedValue>(layer, StringComparer.OrdinalIgnoreCase);
        values.Remove(GuideWorkers);
        var name = projections.Length > 0 ? nameof(PupOptions.TotalPartitions) : nameof(PupOptions.Workers);
        if (projections.Length > 0 && values.TryGetValue(name, out var partitions) && partitions.Text.Trim() != workers.Text.Trim())
        {
            throw new ConfigurationException(
                $"{partitions.Source} is '{partitions.Text}' and {workers.Source} is '{workers.Text}', but for a named projection both say how many partitions it has. Set one of them.");
        }

        values.TryAdd(name, workers);
        return values;
    }

    private static TChoice Choice<TChoice>(Dictionary<string, SourcedValue> values, string name, TChoice otherwise)
        where TChoice : struct, Enum =>
        !values.TryGetValue(name, out var given) ? otherwise
        : SettingValue.Parse(typeof(TChoice), given.Text) is TChoice choice ? choice
        : throw new ConfigurationException($"{given.Source} is '{given.Text}', but {name} must be {SettingValue.Describe(typeof(TChoice))}.");

    private static void Merge(IEnumerable<KeyValuePair<string, SourcedValue>> from, Dictionary<string, SourcedValue> into)
    {
        foreach (var (name, value) in from)
            into[name] = value;
    }

    // A misspelt option that is silently ignored is found weeks later.
    private static void RefuseUnknown(Dictionary<string, SourcedValue> values)
    {
        foreach (var (name, value) in values)
        {
            if (Setting.Find(name) is null && !Others.Contains(name, StringComparer.OrdinalIgnoreCase))
            {
                string[] known = [.. Setting.All.Select(static setting => setting.Name), Projections, LogFormat, LogLevel];
                throw new ConfigurationException($"{value.Source}: there is no option '{name}'.{Spelling.Suggest(name, known)} The options are {string.Join(", ", known)}.");
            }
        }
    }
}
