using Pup.Grains;
using Pup.Silo.Clustering;
using Pup.Silo.Configuration;

namespace Pup.Tests.Silo.Configuration;

public sealed class ConfigurationLoaderTests : IDisposable
{
    private readonly string _file = Path.GetTempFileName();

    [Fact]
    public void A_flag_wins_over_the_environment_and_that_over_the_file()
    {
        File.WriteAllText(_file, """{ "Pup": { "BatchSize": 1, "MaxAttempts": 1, "ParkedKeysLimit": 1 } }""");
        var options = Load(new() { ["BatchSize"] = "3", }, new() { ["Pup__BatchSize"] = "2", ["Pup__MaxAttempts"] = "2" }, _file).Options;
        Assert.Equal((3, 2, 1), (options.BatchSize, options.MaxAttempts, options.ParkedKeysLimit));
    }

    [Fact]
    public void Every_option_of_engine_and_cluster_can_be_set_by_flag_environment_and_file()
    {
        Assert.Equal(
            typeof(PupOptions).GetProperties().Concat(typeof(ClusterSettings).GetProperties()).Concat(typeof(HttpSettings).GetProperties()).Where(p => p.CanWrite).Select(p => p.Name).Order(),
            Setting.All.Select(s => s.Name).Order());
        Assert.Equal("--idle-in-transaction-timeout", Setting.Find("idleintransactiontimeout")!.Flag);
    }

    [Theory]
    [InlineData("Pup__HandlerTimeout", "45s", "00:00:45")]
    [InlineData("PUP__HANDLERTIMEOUT", "00:00:45", "00:00:45")]
    [InlineData("Pup__LookInterval", "2.5ms", "00:00:00.0025000")]
    [InlineData("Pup__AuditInterval", "0s", "00:00:00")]
    [InlineData("Pup__PageBytes", "16MiB", "16777216")]
    [InlineData("Pup__PageBytes", "1000", "1000")]
    [InlineData("Pup__ErrorPolicy", "stop", "Stop")]
    [InlineData("Pup__AutoMigrate", "TRUE", "True")]
    [InlineData("TOTAL_PARTITIONS", "4", "4")]
    [InlineData("BATCH_SIZE", " 250 ", "250")]
    [InlineData("WORKERS", "7", "7")]
    public void A_value_is_read_as_what_it_is(string variable, string text, string expected)
    {
        var options = Load([], new() { [variable] = text }).Options;
        Assert.Contains(Setting.OfEngine, s => Convert.ToString(s.ValueIn(options), System.Globalization.CultureInfo.InvariantCulture) == expected);
    }

    [Fact]
    public void The_cluster_is_configured_like_the_rest_and_a_pod_advertises_its_own_address()
    {
        var cluster = Load(new() { ["SiloPort"] = "7001" }, new() { ["POD_IP"] = "10.1.2.3", ["Pup__MaxProbeTimeout"] = "8s", ["Pup__Gateway"] = "off" }).Cluster;
        Assert.Equal((7001, "10.1.2.3", TimeSpan.FromSeconds(8), false), (cluster.SiloPort, cluster.AdvertisedAddress, cluster.MaxProbeTimeout, cluster.Gateway));
        Assert.Equal(("pup", "pup"), (cluster.ClusterId, cluster.ServiceId));
    }

    [Theory]
    [InlineData("BATCH_SIZE", "abc", "Environment variable BATCH_SIZE is 'abc', but BatchSize must be a whole number from 1 to 100,000.")]
    [InlineData("BATCH_SIZE", "0", "from 1 to 100,000")]
    [InlineData("BATCH_SIZE", "1e3", "whole number")]
    [InlineData("BATCH_SIZE", "99999999999999999999", "whole number")]
    [InlineData("Pup__PageBytes", "99999999999GiB", "whole number")]
    [InlineData("TOTAL_PARTITIONS", "-1", "from 1 to 10,000")]
    [InlineData("Pup__HandlerTimeout", "30", "30s")]
    [InlineData("Pup__HandlerTimeout", "0s", "above zero")]
    [InlineData("Pup__HandlerTimeout", "-00:00:01", "above zero")]
    [InlineData("Pup__ErrorPolicy", "1", "one of Park, Skip, Stop")]
    [InlineData("Pup__ErrorPolicy", "drop", "one of Park, Skip, Stop")]
    [InlineData("Pup__AutoMigrate", "perhaps", "true or false")]
    [InlineData("Pup__BatchSiez", "1", "there is no option 'BatchSiez'. Did you mean 'BatchSize'?")]
    [InlineData("DATABASE_URL", "postgres://ann:hunter2@db:x/shop", "Environment variable DATABASE_URL: The database address is malformed")]
    public void A_wrong_value_is_one_line_that_says_where_it_came_from(string variable, string text, string expected)
    {
        var e = Assert.Throws<ConfigurationException>(() => Load([], new() { [variable] = text }));
        Assert.Contains(expected, e.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("hunter2", e.ToString(), StringComparison.Ordinal);
        Assert.DoesNotContain('\n', e.Message);
        Assert.Equal(2, e.ExitCode);
    }

    [Theory]
    [InlineData("{", "is not JSON: line 1")]
    [InlineData("{}", "has no section")]
    [InlineData("[]", "has no section")]
    [InlineData("""{ "Pup": { "BatchSize": {} } }""", "must be a text")]
    [InlineData("""{ "Pup": { "Batch": 1 } }""", "no option 'Batch'")]
    public void A_wrong_file_is_one_line(string content, string expected)
    {
        File.WriteAllText(_file, content);
        Assert.Contains(expected, Assert.Throws<ConfigurationException>(() => Load([], [], _file)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_file_that_was_asked_for_must_exist() =>
        Assert.Contains("cannot be read", Assert.Throws<ConfigurationException>(() => Load([], [], _file + ".none")).Message, StringComparison.Ordinal);

    [Fact]
    public void The_partition_key_is_accepted_and_noted()
    {
        Assert.Equal(["partitions are placed by the cluster; PARTITION_KEY is ignored"], Load([], new() { ["PARTITION_KEY"] = "3" }).Notes);
        Assert.Empty(Load([], []).Notes);
    }

    [Fact]
    public void Workers_beside_a_projection_name_are_its_partitions()
    {
        var configuration = Load([], new() { ["PROJECTION_NAME"] = "orders, stock", ["WORKERS"] = "4" });
        Assert.Equal(["orders", "stock"], configuration.Projections);
        Assert.Equal(4, configuration.Options.TotalPartitions);
        Assert.Throws<ConfigurationException>(() => Load([], new() { ["PROJECTION_NAME"] = "orders", ["WORKERS"] = "4", ["TOTAL_PARTITIONS"] = "2" }));
    }

    [Fact]
    public void An_empty_variable_is_as_good_as_none() => Assert.Equal("", Load([], new() { ["DATABASE_URL"] = " " }).Options.ConnectionString);

    public void Dispose() => File.Delete(_file);

    private static SiloConfiguration Load(Dictionary<string, string> flags, Dictionary<string, string> environment, string? file = null) =>
        ConfigurationLoader.Load(flags.ToDictionary(f => f.Key, f => new SourcedValue(f.Value, "Flag --" + f.Key)), environment, file);
}
