using System.Collections;
using System.CommandLine;
using Pup.Grains;
using Pup.Silo.Configuration;

namespace Pup.Silo.Commands;

/// <summary>A flag for every option, on every command that reads the configuration.</summary>
internal sealed class ConfigurationFlags
{
    private readonly Dictionary<string, Option<string>> _flags = new(StringComparer.Ordinal);
    private readonly Option<string> _file = new("--config") { Description = $"Configuration file. Default: {ConfigurationFile.DefaultName}, if there is one." };

    /// <param name="command">The command.</param>
    /// <param name="isShown">Whether its help shows them all. Every command reads the whole configuration, and most need the database alone of it.</param>
    public ConfigurationFlags(Command command, bool isShown = false)
    {
        command.Add(_file);
        foreach (var setting in Setting.All.Where(setting => setting.Name != nameof(PupOptions.Workers)))
        {
            string[] aliases = setting.IsSecret ? ["--database-url"] : [];
            var help = setting.IsSecret ? "The database. As DATABASE_URL, which no list of processes shows." : setting.Help;
            Add(command, setting.Name, setting.Flag, aliases, help, isShown || setting.IsSecret, setting.IsSwitch);
        }

        Add(command, ConfigurationLoader.Projections, "--name", ["--projection-name"], "Only these projections, separated by commas. As PROJECTION_NAME.", isShown);
        Add(command, ConfigurationLoader.GuideWorkers, "--workers", [], "Partitions of the named projections or, without --name, partitions that commit at the same time. As WORKERS.", isShown);
        Add(command, ConfigurationLoader.PartitionKey, "--partition-key", [], "Accepted and ignored: partitions are placed by the cluster.", isShown);
        Add(command, ConfigurationLoader.LogFormat, "--log-format", [], "text or json. Default: json in a container, else text.", isShown);
        Add(command, ConfigurationLoader.LogLevel, "--log-level", [], "Trace, Debug, Information, Warning or Error. Default: Information.", isShown);
    }

    /// <exception cref="ConfigurationException">Something said cannot be meant.</exception>
    public SiloConfiguration Read(ParseResult parsed)
    {
        var given = _flags
            .Where(flag => parsed.GetResult(flag.Value) is { Implicit: false })
            .ToDictionary(flag => flag.Key, flag => new SourcedValue(parsed.GetValue(flag.Value) ?? "true", $"Flag {flag.Value.Name}"));
        var environment = Environment.GetEnvironmentVariables().Cast<DictionaryEntry>()
            .Select(variable => KeyValuePair.Create((string)variable.Key, (string?)variable.Value ?? ""));
        return ConfigurationLoader.Load(given, environment, parsed.GetValue(_file));
    }

    private void Add(Command command, string name, string flag, string[] aliases, string description, bool isShown, bool isSwitch = false)
    {
        var option = new Option<string>(flag, aliases)
        {
            Description = description,
            Hidden = !isShown,
            Arity = isSwitch ? ArgumentArity.ZeroOrOne : ArgumentArity.ExactlyOne,
        };
        _flags[name] = option;
        command.Add(option);
    }
}
