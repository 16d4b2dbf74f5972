using System.CommandLine;
using System.ComponentModel.DataAnnotations;
using System.Globalization;
using System.Text.Json;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;
using Pup.Client;
using Pup.Grains;
using Pup.Silo.Clustering;
using Pup.Silo.Commands;
using Pup.Silo.Configuration;

namespace Pup.Tests.Silo.Configuration;

/// <summary>Flags go over the environment, and that over the file: for every option, and under whichever of its names.</summary>
public sealed class PrecedenceTests : IDisposable
{
    private readonly string _file = Path.GetTempFileName();

    public static TheoryData<string> Options => [.. Setting.All.Select(static setting => setting.Name)];

    // The guide's --workers has the name that one of them would have.
    public static TheoryData<string> Flags => [.. Setting.All.Select(static setting => setting.Name).Where(static name => name != nameof(PupOptions.Workers))];

    public void Dispose() => File.Delete(_file);

    [Theory]
    [MemberData(nameof(Options))]
    public void Every_option_is_heeded_in_the_file_below_the_environment_below_flags(string option)
    {
        var (type, texts) = TextsOf(option);
        Write(new() { [option] = texts[0] });
        Assert.Equal(Expected(type, option, texts[0]), ValueOf(option, Load()));
        Assert.Equal(Expected(type, option, texts[1]), ValueOf(option, Load(environment: new() { [$"Pup__{option}"] = texts[1] })));
        Assert.Equal(Expected(type, option, texts[2]), ValueOf(option, Load(new() { [option] = texts[2] }, new() { [$"Pup__{option}"] = texts[1] })));
    }

    [Theory]
    [MemberData(nameof(Flags))]
    public void Every_option_is_a_flag_of_the_command_line(string option)
    {
        var (type, texts) = TextsOf(option);
        var command = new Command("run");
        var flags = new ConfigurationFlags(command);
        Write([]);
        Assert.Equal(Expected(type, option, texts[1]), ValueOf(option, flags.Read(command.Parse(["--config", _file, Setting.Find(option)!.Flag, texts[1]]))));
    }

    [Theory]
    [InlineData("DATABASE_URL", nameof(PupOptions.ConnectionString), "postgres://h1/d", "postgres://h2/d", "postgres://h3/d")]
    [InlineData("TOTAL_PARTITIONS", nameof(PupOptions.TotalPartitions), "1", "2", "3")]
    [InlineData("BATCH_SIZE", nameof(PupOptions.BatchSize), "1", "2", "3")]
    [InlineData("POD_IP", nameof(ClusterSettings.AdvertisedAddress), "10.0.0.1", "10.0.0.2", "10.0.0.3")]
    public void The_guides_names_stand_where_the_others_do(string variable, string option, params string[] texts)
    {
        var type = TextsOf(option).Type;
        Write(new() { [option] = texts[0] });
        Assert.Equal(Expected(type, option, texts[1]), ValueOf(option, Load(environment: new() { [variable] = texts[1] })));
        Assert.Equal(Expected(type, option, texts[2]), ValueOf(option, Load(new() { [option] = texts[2] }, new() { [variable] = texts[1] })));
    }

    // --workers is the flag's only name; it means one option or the other.
    [Fact]
    public void So_do_workers_with_a_projection_named_and_without()
    {
        Write(new() { ["Workers"] = "9", ["TotalPartitions"] = "8" });
        Assert.Equal((7, 8), WorkersAndPartitions(Load(environment: new() { ["WORKERS"] = "7" })));
        Assert.Equal((6, 8), WorkersAndPartitions(Load(new() { [ConfigurationLoader.GuideWorkers] = "6" }, new() { ["Pup__Workers"] = "7" })));
        Assert.Equal((9, 5), WorkersAndPartitions(Load(environment: new() { ["PROJECTION_NAME"] = "orders", ["WORKERS"] = "5" })));
        Assert.Equal((9, 4), WorkersAndPartitions(Load(
            new() { [ConfigurationLoader.Projections] = "orders", [ConfigurationLoader.GuideWorkers] = "4" }, new() { ["TOTAL_PARTITIONS"] = "5" })));
        Assert.Equal(["stock"], Load(new() { [ConfigurationLoader.Projections] = "stock" }, new() { ["PROJECTION_NAME"] = "orders" }).Projections);
        Assert.True(Load(environment: new() { ["DOTNET_RUNNING_IN_CONTAINER"] = "true" }).LogJson);
        Assert.False(Load(new() { [ConfigurationLoader.LogFormat] = "text" }, new() { ["Pup__LogFormat"] = "json" }).LogJson);
    }

    [Fact]
    public void What_nobody_says_is_as_the_pages_say()
    {
        var (options, http) = (new PupOptions(), new HttpSettings());
        Assert.Equal((500, 1, 2 * Environment.ProcessorCount), (options.BatchSize, options.TotalPartitions, options.Workers));
        Assert.Equal((TimeSpan.FromMinutes(1), 10_000), (options.TouchInterval, http.LagThreshold));
    }

    // In an application the strongest source decides, too: what is deployed with it is weaker than the environment, that than its flags.
    [Fact]
    public async Task Within_an_application_the_stronger_source_decides_whichever_name_it_uses()
    {
        Write(new() { ["ConnectionString"] = "Host=file", ["TotalPartitions"] = "2", ["BatchSize"] = "20", ["Workers"] = "9" });
        var builder = Host.CreateEmptyApplicationBuilder(new HostApplicationBuilderSettings());
        builder.Configuration.AddJsonFile(_file);
        builder.Configuration.AddInMemoryCollection(new Dictionary<string, string?> { ["DATABASE_URL"] = "postgres://environment/d", ["TOTAL_PARTITIONS"] = "3", ["BATCH_SIZE"] = "30", ["WORKERS"] = "7" });
        builder.Configuration.AddCommandLine(["--Pup:BatchSize=40"]);

        var options = ApplicationConfiguration.Read(builder.Configuration, connectionString: null).Options;

        Assert.Equal((3, 40, 7), (options.TotalPartitions, options.BatchSize, options.Workers));
        Assert.Contains("Host=environment", options.ConnectionString, StringComparison.Ordinal);
        Assert.Equal("Host=code", ApplicationConfiguration.Read(builder.Configuration, "Host=code").Options.ConnectionString);
        builder.AddPupClient();
        using var host = builder.Build();
        Assert.Contains("Host=environment", host.Services.GetRequiredService<IOptions<PupClientOptions>>().Value.ConnectionString, StringComparison.Ordinal);
        await host.StopAsync(TestContext.Current.CancellationToken);
    }

    private static (int Workers, int Partitions) WorkersAndPartitions(SiloConfiguration configuration) => (configuration.Options.Workers, configuration.Options.TotalPartitions);

    // Three values that it may have.
    private static (Type Type, string[] Texts) TextsOf(string option)
    {
        var property = new[] { typeof(PupOptions), typeof(ClusterSettings), typeof(HttpSettings) }.Select(type => type.GetProperty(option)).OfType<System.Reflection.PropertyInfo>().Single();
        var least = property.GetCustomAttributes(inherit: false).OfType<RangeAttribute>().Select(static range => Convert.ToInt64(range.Minimum, CultureInfo.InvariantCulture)).SingleOrDefault();
        string[] texts = option == nameof(PupOptions.ConnectionString) ? ["Host=a", "Host=b", "Host=c"]
            : property.PropertyType == typeof(bool) ? ["true", "false", "true"]
            : property.PropertyType == typeof(TimeSpan) ? ["00:01:01", "00:01:02", "00:01:03"]
            : property.PropertyType.IsEnum ? Enum.GetNames(property.PropertyType)[..3]
            : property.PropertyType == typeof(string) ? ["1.1.1.1", "2.2.2.2", "3.3.3.3"]
            : [.. Enumerable.Range(1, 3).Select(i => (least + i).ToString(CultureInfo.InvariantCulture))];
        return (property.PropertyType, texts);
    }

    private static object? Expected(Type type, string option, string text) =>
        option == nameof(PupOptions.ConnectionString) ? Client.Connections.DatabaseUrl.ToConnectionString(text) : SettingValue.Parse(type, text);

    private static object? ValueOf(string option, SiloConfiguration configuration) =>
        Setting.Find(option)!.ValueIn(Setting.OfEngine.Any(one => one.Name == option) ? configuration.Options : Setting.OfCluster.Any(one => one.Name == option) ? configuration.Cluster : configuration.Http);

    private void Write(Dictionary<string, string> options) => File.WriteAllText(_file, JsonSerializer.Serialize(new { Pup = options }));

    private SiloConfiguration Load(Dictionary<string, string>? flags = null, Dictionary<string, string>? environment = null) =>
        ConfigurationLoader.Load((flags ?? []).ToDictionary(flag => flag.Key, flag => new SourcedValue(flag.Value, "Flag --" + flag.Key)), environment ?? [], _file);
}
