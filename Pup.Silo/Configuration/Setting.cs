using System.ComponentModel.DataAnnotations;
using System.Globalization;
using System.Reflection;
using System.Text.RegularExpressions;
using Pup.Client.Connections;
using Pup.Grains;
using Pup.Silo.Clustering;

namespace Pup.Silo.Configuration;

/// <summary>One option of <see cref="PupOptions"/>, <see cref="ClusterSettings"/> or <see cref="HttpSettings"/>, and the names under which flags, environment and file know it.</summary>
internal sealed partial class Setting
{
    private readonly PropertyInfo _property;

    private Setting(PropertyInfo property)
    {
        _property = property;
        Flag = "--" + WordStart().Replace(property.Name, "-$1").ToLowerInvariant();
    }

    /// <summary>Options of the engine.</summary>
    public static IReadOnlyList<Setting> OfEngine { get; } = Of<PupOptions>();

    /// <summary>Options of the cluster.</summary>
    public static IReadOnlyList<Setting> OfCluster { get; } = Of<ClusterSettings>();

    /// <summary>Options of what is served over HTTP.</summary>
    public static IReadOnlyList<Setting> OfHttp { get; } = Of<HttpSettings>();

    public static IReadOnlyList<Setting> All { get; } = [.. OfEngine, .. OfCluster, .. OfHttp];

    /// <summary>Name of the property, which is also its name in the file and, after <c>Pup__</c>, in the environment.</summary>
    public string Name => _property.Name;

    /// <summary>For example <c>--batch-size</c>.</summary>
    public string Flag { get; }

    /// <summary>True when the value may hold a password, and so is never shown.</summary>
    public bool IsSecret => Name == nameof(PupOptions.ConnectionString);

    // Nothing else is turned off by it.
    private bool MayBeZero => Name == nameof(PupOptions.AuditInterval);

    public bool IsSwitch => _property.PropertyType == typeof(bool);

    /// <summary>What it may be and is when nobody says: <c>A whole number from 1 to 100,000. Default: 500.</c></summary>
    public string Help
    {
        get
        {
            var expected = _property.PropertyType == typeof(TimeSpan) ? "a duration, such as 250ms or 30s" : Expected(_property.GetCustomAttribute<RangeAttribute>());
            return $"{char.ToUpperInvariant(expected[0])}{expected[1..].TrimEnd(',')}." + (Default.Length == 0 ? "" : $" Default: {Default}.");
        }
    }

    /// <summary>What it is when nobody says, as one would write it; empty when it is nothing.</summary>
    public string Default => SettingValue.Write(_property.GetValue(Activator.CreateInstance(_property.ReflectedType!)));

    public static Setting? Find(string name) => All.FirstOrDefault(s => string.Equals(s.Name, name, StringComparison.OrdinalIgnoreCase));

    /// <summary>Sets the option, or says in one line what is wrong with the value and where it came from.</summary>
    public void Apply(object options, SourcedValue given)
    {
        if (IsSecret)
        {
            ApplyConnectionString((PupOptions)options, given);
            return;
        }

        var value = SettingValue.Parse(_property.PropertyType, given.Text);
        var range = _property.GetCustomAttribute<RangeAttribute>();
        if (value is null || range?.IsValid(value) == false || (value is TimeSpan { Ticks: <= 0 } span && !(MayBeZero && span == TimeSpan.Zero)))
            throw new ConfigurationException($"{given.Source} is '{given.Text}', but {Name} must be {Expected(range)}.");
        _property.SetValue(options, value);
    }

    public object? ValueIn(object options) => _property.GetValue(options);

    public void Copy(PupOptions from, PupOptions to) => _property.SetValue(to, _property.GetValue(from));

    private static Setting[] Of<TOptions>() =>
        [.. typeof(TOptions).GetProperties().Where(p => p.CanWrite && SettingValue.CanParse(p.PropertyType)).Select(p => new Setting(p))];

    private static void ApplyConnectionString(PupOptions options, SourcedValue given)
    {
        try
        {
            options.ConnectionString = DatabaseUrl.ToConnectionString(given.Text);
        }
        catch (FormatException e)
        {
            throw new ConfigurationException($"{given.Source}: {e.Message}");
        }
    }

    private string Expected(RangeAttribute? range)
    {
        var kind = SettingValue.Describe(_property.PropertyType) + (MayBeZero ? ", or 0s" : "");
        return range is null
            ? kind
            : Convert.ToDouble(range.Maximum, CultureInfo.InvariantCulture) >= long.MaxValue ? string.Create(CultureInfo.InvariantCulture, $"{kind} from {range.Minimum:N0}")
            : string.Create(CultureInfo.InvariantCulture, $"{kind} from {range.Minimum:N0} to {range.Maximum:N0}");
    }

    [GeneratedRegex("(?<!^)([A-Z])")]
    private static partial Regex WordStart();
}
