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

    public ConfigurationFlags(Command command)
    {
        command.Add(_file);
        foreach (var setting in Setting.All.Where(setting => setting.Name != nameof(PupOptions.Workers)))
        {
            string[] aliases = setting.IsSecret ? ["--database-url"] : [];
            Add(command, setting.Name, setting.Flag, aliases, $"As Pup__{setting.Name} in the environment.", setting.IsSwitch);
        }

        Add(command, ConfigurationLoader.Projections, "--name", ["--projection-name"], "Only these projections, separated by commas. As PROJECTION_NAME.");
        Add(command, ConfigurationLoader.GuideWorkers, "--workers", [], "Partitions of the named projections or, without --name, partitions that commit at the same time. As WORKERS.");
        Add(command, ConfigurationLoader.PartitionKey, "--partition-key", [], "Accepted and ignored: partitions are placed by the cluster.");
        Add(command, ConfigurationLoader.LogFormat, "--log-format", [], "text or json. Default: json in a container, else text.");
        Add(command, ConfigurationLoader.LogLevel, "--log-level", [], "Trace, Debug, Information, Warning or Error. Default: Information.");
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

    private void Add(Command command, string name, string flag, string[] aliases, string description, bool isSwitch = false)
    {
        var option = new Option<string>(flag, aliases)
        {
            Description = description,
            Arity = isSwitch ? ArgumentArity.ZeroOrOne : ArgumentArity.ExactlyOne,
        };
        _flags[name] = option;
        command.Add(option);
    }
}
