using System.Text.Json;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Logging;

namespace Pup.Client.Http.Access;

/// <summary>
/// The keys of the configuration and of the key file. Both are read again when somebody calls and a second has passed: a mounted file is
/// replaced without a notice that could be relied on.
/// </summary>
internal sealed partial class ApiKeyRing
{
    private const string ListSection = "Pup:ApiKeys";
    private const string FileSetting = "Pup:ApiKeyFile";
    private static readonly TimeSpan _freshness = TimeSpan.FromSeconds(1);

    private readonly Lock _lock = new();
    private readonly IConfiguration _configuration;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private ApiKey[]? _keys;
    private long _readAt;
    private string? _trouble;

    /// <exception cref="FormatException">The keys cannot be read, or cannot be meant.</exception>
    public ApiKeyRing(IConfiguration configuration, TimeProvider time, ILogger<ApiKeyRing> logger)
    {
        (_configuration, _time, _logger) = (configuration, time, logger);
        _keys = Read();
        _readAt = time.GetTimestamp();
        LogNew(null, _keys);
    }

    /// <summary>Whether anybody needs a key. A key file that is empty lets nobody in; it is not as if there were none.</summary>
    public bool IsConfigured => Current() is not null;

    /// <summary>The key that was presented, or null. Takes the same time whichever it is.</summary>
    public ApiKey? Find(string presented)
    {
        var hash = ApiKey.Hash(presented);
        ApiKey? found = null;
        foreach (var key in Current() ?? [])
            found = key.HasHash(hash) ? key : found;
        return found;
    }

    private ApiKey[]? Current()
    {
        lock (_lock)
        {
            if (_time.GetElapsedTime(_readAt) >= _freshness)
                Refresh();
            return _keys;
        }
    }

    // What cannot be read leaves the keys as they were: half a file must not lock everybody out.
    private void Refresh()
    {
        _readAt = _time.GetTimestamp();
        try
        {
            var keys = Read();
            LogNew(_keys, keys);
            (_keys, _trouble) = (keys, null);
        }
        catch (FormatException e)
        {
            if (_trouble != e.Message)
                LogTrouble(_logger, e.Message);
            _trouble = e.Message;
        }
    }

    private ApiKey[]? Read()
    {
        var listed = _configuration.GetSection(ListSection).GetChildren().Select(EntryOf).ToArray();
        return _configuration[FileSetting] is { Length: > 0 } file ? [.. listed.Concat(ReadFile(file)).Select(ApiKey.Of)]
            : listed.Length > 0 ? [.. listed.Select(ApiKey.Of)]
            : null;
    }

    private static ApiKeyEntry EntryOf(IConfigurationSection section) =>
        new() { Name = section["Name"], Key = section["Key"], Sha256 = section["Sha256"], Role = section["Role"] };

    private static ApiKeyEntry[] ReadFile(string path)
    {
        try
        {
            var bytes = File.ReadAllBytes(path);
            return JsonSerializer.Deserialize(bytes, HttpJson.Default.ApiKeyEntryArray) is { } entries && !entries.Contains(null)
                ? entries
                : throw new FormatException($"The API key file {path} must be a JSON array of objects.");
        }
        catch (JsonException e)
        {
            // Its message may quote the file.
            throw new FormatException($"The API key file {path} must be a JSON array of objects with name, key or sha256, and role: line {e.LineNumber + 1} is not.");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new FormatException($"The API key file {path} cannot be read: {e.Message}");
        }
    }

    private void LogNew(ApiKey[]? before, ApiKey[]? now)
    {
        var (old, current) = (Describe(before), Describe(now));
        if (old != current)
            LogKeys(_logger, current.Length == 0 ? "none" : current);
    }

    private static string Describe(ApiKey[]? keys) => string.Join(", ", keys ?? []);

    [LoggerMessage(Level = LogLevel.Information, Message = "API keys: {Keys}")]
    private static partial void LogKeys(ILogger logger, string keys);

    [LoggerMessage(Level = LogLevel.Error, Message = "The API keys stay as they were: {Reason}")]
    private static partial void LogTrouble(ILogger logger, string reason);
}
