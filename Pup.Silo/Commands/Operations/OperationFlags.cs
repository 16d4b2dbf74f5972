using System.CommandLine;
using Pup.Silo.Configuration;

namespace Pup.Silo.Commands.Operations;

/// <summary>What every command on projections may be told: where they are, and how to answer.</summary>
internal sealed class OperationFlags
{
    private readonly Option<string> _url = new("--url") { Description = "Over HTTP: where a silo answers, for example http://127.0.0.1:8080. As PUP_URL. Default: straight to database and cluster." };
    private readonly Option<string> _key = new("--key") { Description = "Over HTTP: an API key. As PUP_KEY, which no list of processes shows." };
    private readonly Option<bool> _json = new("--json") { Description = "Answer as one line of JSON." };
    private readonly Option<string> _patience = new("--patience") { Description = "How long a change is tried while no silo answers. Default: 30s." };
    private readonly ConfigurationFlags _configuration;

    public OperationFlags(Command command)
    {
        foreach (var option in new Option[] { _json, _url, _key, _patience })
            command.Add(option);
        _configuration = new ConfigurationFlags(command);
    }

    public bool IsJson(ParseResult parsed) => parsed.GetValue(_json);

    /// <exception cref="ConfigurationException">Something said cannot be meant.</exception>
    public Operation Open(ParseResult parsed) => Url(parsed) is { } url
        ? Operation.Over(url, parsed.GetValue(_key) ?? Environment.GetEnvironmentVariable("PUP_KEY"))
        : Operation.Direct(_configuration.Read(parsed), Patience(parsed));

    public SiloConfiguration Read(ParseResult parsed) => _configuration.Read(parsed);

    public Uri? Url(ParseResult parsed) => (parsed.GetValue(_url) ?? Environment.GetEnvironmentVariable("PUP_URL")) switch
    {
        null or "" => null,
        var text when Uri.TryCreate(text, UriKind.Absolute, out var url) && url.Scheme is "http" or "https" => new Uri(text),
        var text => throw new ConfigurationException($"--url is '{text}', but must be a URL such as http://127.0.0.1:8080."),
    };

    private TimeSpan? Patience(ParseResult parsed) => parsed.GetValue(_patience) switch
    {
        null => null,
        var text => SettingValue.Parse(typeof(TimeSpan), text) is TimeSpan { Ticks: > 0 } patience
            ? patience
            : throw new ConfigurationException($"--patience is '{text}', but must be {SettingValue.Describe(typeof(TimeSpan))}."),
    };
}
